#pragma once

#include <string>

namespace hostnet {

// Asks /healthz of the agent that listens on `listen_address` (on loopback if that is a wildcard),
// over TLS if required. Returns 0 if healthy, else 1; prints the reason to stderr.
int run_healthcheck(const std::string& listen_address);

}  // namespace hostnet
