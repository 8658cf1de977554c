#pragma once

#include "netlink/nat/xtables/xt_extensions.h"

namespace hostnet {

// `-m set --match-set NAME dst`: one scope for each element, adjacent ports joined.
// Sources, marks or interfaces in the set make it conditional. A set that cannot be
// read, or is too large, is conditional and counted as unknown by its name.
Result<XtMatch> decode_xt_set(const XtExtension& match, const IpSetLookup& sets,
                              UnknownParts& unknown);

}  // namespace hostnet
