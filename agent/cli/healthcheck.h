#pragma once

#include <string>

namespace hostnet {

// Asks /healthz of the agent that listens on `listen_address` (the loopback address where that is a
// wildcard), over TLS if it answers in TLS. 0 well, 1 not; says why on stderr.
int run_healthcheck(const std::string& listen_address);

}  // namespace hostnet
