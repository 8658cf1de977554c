#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/finding.h"
#include "agent/pods/pod.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {

// Everything the agent reports at one moment: every page, table and metric about ports is rendered
// from this. Built by the watch once per tick (or by a one-shot command), then read-only.
struct Report {
  std::string node;
  WallTime generated_at;
  SteadyTime generated_at_steady;
  bool complete{};
  std::vector<Problem> problems;
  std::vector<Problem> limits;
  std::vector<Finding> findings;  // ignored ones included
  std::shared_ptr<const PortSnapshot> table;
  std::vector<DeclaredPort> declared;
  std::vector<ReservedPorts> label_ports;  // Policy::label_ports
  std::shared_ptr<const PodSnapshot> pods;
  PortRange node_port_range{30000, 32767};  // from the policy
  bool host_network_namespace{true};        // false: port paths answer 503
};

}  // namespace hostnet
