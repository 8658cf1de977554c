#pragma once

// What the agent may see of this node, and the cost of each missing right. `doctor` prints it,
// `problems` repeats the parts that make an answer incomplete.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/pods/pod.h"
#include "agent/verdicts/problem.h"
#include "netlink/node/node.h"

namespace hostnet {

struct PreflightCheck {
  enum class Level {
    good,
    note,  // worth knowing, but not a fault
    limited,
    bad
  };
  std::string name;  // "network namespace"
  Level level{};
  std::string found;  // the current state, one line
  std::string fix;    // "" when good
  // Set if it makes every answer of the agent incomplete.
  std::optional<Problem> problem;
};

struct PreflightSurroundings {
  bool in_pod{};            // KUBERNETES_SERVICE_HOST is set
  std::string resolv_conf;  // contents of /etc/resolv.conf, for in_pod
};

struct Preflight {
  std::vector<PreflightCheck> checks;
  // Whether the agent is in the host's network namespace: that of pid 1 in proc/. Determined by the
  // namespace links or, if those may not be read, by looking in proc/1/net/tcp[6] for a listener
  // that sock_diag shows here. Unset: undecided.
  std::optional<bool> in_host_network_namespace;
};

// Only reads. Thread safe.
Preflight run_preflight(const Node& node, const PreflightSurroundings& around);

// The pod source: whether it answers, and why those with a higher priority are not in use, or
// (`not_asked`: PodSourceOptions) were not even queried.
PreflightCheck check_pods(const PodSnapshot& pods, bool source_wanted,
                          std::span<const std::string> not_asked);

// Whether a node_exporter runs on this node: it exports the same network series. Unset: none does.
std::optional<PreflightCheck> check_node_exporter(const Node& node);

// This process's environment and /etc/resolv.conf.
PreflightSurroundings surroundings();

}  // namespace hostnet
