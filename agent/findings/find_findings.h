#pragma once

#include <span>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_table.h"

namespace hostnet {

// Every finding that holds right now, ordered by class, severity, port,
// protocol, verdict, id. Pure: no clock, no kernel, no logging. `since`,
// `stale`, `ignored` and grace are FindingTracker's. Holders of the table carry
// pods' names already (join_pods()).
std::vector<Finding> find_findings(const PortTable& table, const PodSnapshot& pods,
                                   const Policy& policy, WallTime now);

// The order of find_findings().
bool finding_comes_before(const Finding& one, const Finding& other);

}  // namespace hostnet
