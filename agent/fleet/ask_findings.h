#pragma once

#include <vector>

#include "agent/fleet/agents/agent_client.h"
#include "agent/fleet/fleet_report.h"

namespace hostnet {

// Conflicts and risks of every node, from its agent.
Result<FleetReport> ask_findings(const std::vector<FleetNode>& nodes, const AgentClient& client);

}  // namespace hostnet
