#pragma once

// What the agent may see of this node, and what each missing right costs.
// `doctor` prints it, `problems` repeats what makes an answer incomplete.

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
    note,  // worth knowing, and nothing is amiss
    limited,
    bad
  };
  std::string name;  // "network namespace"
  Level level{};
  std::string found;  // what is there, one line
  std::string fix;    // "" when good
  // Set where it makes every answer of the agent incomplete.
  std::optional<Problem> problem;
};

struct PreflightSurroundings {
  bool in_pod{};            // KUBERNETES_SERVICE_HOST is set
  std::string resolv_conf;  // contents of /etc/resolv.conf, for in_pod
};

struct Preflight {
  std::vector<PreflightCheck> checks;
  // Whether the agent's sockets are the host's: its network namespace is that of
  // pid 1 of proc/. By the namespace links or, where those may not be read, by
  // finding a listener that sock_diag shows here in proc/1/net/tcp[6]. Unset: undecided.
  std::optional<bool> in_host_network_namespace;
};

// Reads, never writes. Thread safe.
Preflight run_preflight(const Node& node, const PreflightSurroundings& around);

// The pod source: whether it answers, and why those are not in use that come
// before it, or (`not_asked`: PodSourceOptions) were not even asked.
PreflightCheck check_pods(const PodSnapshot& pods, bool source_wanted,
                          std::span<const std::string> not_asked);

// Whether a node_exporter runs on this node: their network series are the same. Unset: none does.
std::optional<PreflightCheck> check_node_exporter(const Node& node);

// This process's own: environment and /etc/resolv.conf.
PreflightSurroundings surroundings();

}  // namespace hostnet
