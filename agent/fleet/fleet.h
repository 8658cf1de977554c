#pragma once

#include "agent/fleet/agents/fleet_options.h"

namespace hostnet {

// `fleet`: asks every node's agent, or a Prometheus, and prints one answer. Returns the exit code.
int run_fleet(const FleetOptions& options);

}  // namespace hostnet
