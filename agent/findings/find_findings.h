#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

// Every finding that holds right now, ordered by class, severity, port,
// protocol, verdict, id. Pure: no clock, no kernel, no logging. `since`,
// `stale`, `ignored` and grace are FindingTracker's. Holders of the table carry
// pods' names already (join_pods()).
std::vector<Finding> find_findings(const PortSnapshot& table, const PodSnapshot& pods,
                                   const Policy& policy, WallTime now);

// The same, and the declared ports (sorted, unique) of hostNetwork pods that do
// not listen there: what holds them may be anything, so every socket on them is
// wanted in the next look.
struct NodeFindings {
  std::vector<Finding> findings;
  std::vector<std::uint16_t> ports_not_listening;
};
NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now);

// The order of find_findings().
bool finding_comes_before(const Finding& one, const Finding& other);

}  // namespace hostnet
