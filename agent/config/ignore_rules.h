#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/config/policy.h"
#include "agent/document/fields.h"

namespace hostnet {

// The `ignore` list of a configuration (config_file.h). Complains about rules that could never
// match: an unknown verdict, an invalid port, a pattern that does not compile.
std::vector<IgnoreRule> read_ignore_rules(const Fields& config, std::string_view key);

// The names of all verdicts, for "did you mean".
std::span<const std::string_view> verdict_names();

}  // namespace hostnet
