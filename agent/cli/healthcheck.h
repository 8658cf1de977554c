#pragma once

#include "agent/options/command_line.h"

namespace hostnet {

// Asks /healthz of the agent that listens on the command line's first
// --web.listen-address (the loopback address where that is a wildcard), over
// TLS if it answers in TLS. 0 well, 1 not; says why on stderr.
int run_healthcheck(const CommandLine& line);

}  // namespace hostnet
