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
  // The declared ports (sorted, unique) of hostNetwork pods that do not listen there: any socket
  // may hold them, so the next scan should read every socket on them.
  std::vector<std::uint16_t> ports_not_listening;
};

// All findings of this moment, ordered by class, severity, port, protocol, verdict, id. Pure: no
// clock, no kernel, no logging. FindingLifecycle sets `since`, `stale`, `ignored` and applies grace
// periods. The table's holders must be named from these pods (PortSnapshot::pods).
NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now);

// The order of judge_node()'s findings.
bool finding_comes_before(const Finding& one, const Finding& other);

}  // namespace hostnet
