#pragma once

#include <string>

#include "agent/config/policy.h"
#include "netlink/base/error.h"

namespace hostnet {

// Loads the policy from --config.file; default_policy() if `path` is empty. Errors have the file's
// name, and the line if there is one.
Result<Policy> load_policy(const std::string& path);

// The same for a file that was loaded before: an empty file was more likely truncated than emptied
// on purpose, and is refused; use "{}" for the defaults.
Result<Policy> reload_policy(const std::string& path);

}  // namespace hostnet
