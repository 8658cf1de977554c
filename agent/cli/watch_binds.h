#pragma once

#include <string>
#include <string_view>

#include "agent/cli/commands.h"

namespace hostnet {

// `watch`: refused binds and findings as they come and go, a line each, until it is killed or its
// output is no longer read. From the running agent, else from its own scans.
int run_watch(const CommandOptions& options);

// One such line, without the newline. `json` is an entry of /history's "refusals" or "events".
std::string watch_line(std::string_view json, OutputFormat format);

}  // namespace hostnet
