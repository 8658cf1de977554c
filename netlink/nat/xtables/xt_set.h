#pragma once

#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {

// `-m set --match-set NAME dst`: one scope for each element, ports that adjoin
// as one. What the set has of sources, marks or interfaces makes it conditional.
// A set that cannot be read, or is too large, is conditional and counted as
// unknown by its name.
Result<XtMatch> decode_xt_set(const XtExtension& match, const IpSetLookup& sets,
                              UnknownParts& unknown);

}  // namespace hostnet
