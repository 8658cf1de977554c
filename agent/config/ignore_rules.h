#pragma once

#include <vector>

#include "agent/config/policy.h"
#include "agent/config/reading.h"
#include "agent/document/value.h"
#include "netlink/base/error.h"

namespace hostnet {

// The `ignore` list of a configuration (config_file.h). What could never match
// is refused: an unknown verdict, a port that is none, a pattern that does not
// compile.
Result<std::vector<IgnoreRule>> read_ignore_rules(const ConfigPlace& place, const Value& list);

}  // namespace hostnet
