#pragma once

#include <cstdint>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

struct NodeFindings {
  std::vector<Finding> findings;
  // The declared ports (sorted, unique) of hostNetwork pods that do not listen there: what
  // holds them may be anything, so every socket on them is wanted in the next scan.
  std::vector<std::uint16_t> ports_not_listening;
};

// Every finding that holds right now, ordered by class, severity, port,
// protocol, verdict, id. Pure: no clock, no kernel, no logging. `since`,
// `stale`, `ignored` and grace are FindingLifecycle's. The holders of the table are named by
// these pods (PortSnapshot::pods).
NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now);

// The order of judge_node()'s findings.
bool finding_comes_before(const Finding& one, const Finding& other);

}  // namespace hostnet
