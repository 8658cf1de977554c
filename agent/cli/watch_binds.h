#pragma once

#include <string>
#include <string_view>

#include "agent/cli/commands.h"

namespace hostnet {

// `watch`: refused binds and findings as they come and go, a line each, until somebody ends it or
// nobody reads it any more. Of the running agent, else by itself.
int run_watch(const CommandOptions& options);

// One such line, without its end. `json` is an entry of /history's "refusals" or "events".
std::string watch_line(std::string_view json, OutputFormat format);

}  // namespace hostnet
