#pragma once

#include <string>

#include "agent/config/policy.h"
#include "netlink/base/error.h"

namespace hostnet {

// The policy of --config.file; default_policy() when `path` is empty. The
// error names the file, and the line where there is one.
Result<Policy> load_policy(const std::string& path);

// The same for a file that was loaded before: one that is empty now was more likely
// cut short than meant to be, and is refused; "{}" asks for the defaults.
Result<Policy> reload_policy(const std::string& path);

}  // namespace hostnet
