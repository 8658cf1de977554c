#pragma once

#include "agent/options/command_line.h"

namespace hostnet {

// `hostnet-agent serve`: runs until SIGTERM or SIGINT. The exit code: 0, or 1
// when it could not start, with one line on stderr that says why.
int run_daemon(const CommandLine& line);

}  // namespace hostnet
