#pragma once

#include <string>
#include <vector>

#include "agent/fleet/agents/answered.h"
#include "agent/fleet/fleet_finding.h"
#include "agent/render/output_format.h"

namespace hostnet {

// Conflicts and risks of all nodes.
struct FleetReport {
  std::string from;  // "agents", "prometheus"
  WallTime generated_at;
  std::vector<NodeAnswer> nodes;  // by name
  std::vector<FleetFinding> findings;
  std::size_t findings_cut{};  // beyond kMostFindingsOfAFleet
};

// The most severe first: by severity, conflicts before risks; then by port, verdict and node. Drops
// the findings beyond the limit.
void sort_findings(FleetReport& report);

// NODE PORT VERDICT SEVERITY, DECLARED BY, HELD BY, SINCE, WHAT TO DO, a line for nodes that did
// not answer or are incomplete, and a line of totals. With `names` the nodes that have findings.
std::string fleet_text(const FleetReport& report, const TextStyle& style);
std::string fleet_json(const FleetReport& report);

// 2: a node did not answer; else 1: there is a finding of warning or worse; else 2: a node's answer
// is incomplete; else 0.
int exit_code_of(const FleetReport& report);

}  // namespace hostnet
