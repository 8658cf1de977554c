#pragma once

#include "agent/fleet/agents/fleet_options.h"
#include "agent/render/exit_codes.h"

namespace hostnet {

// `fleet`: asks every node's agent, or a Prometheus, for one answer.
Result<CallAnswer> fleet_answer(const FleetOptions& options);

}  // namespace hostnet
