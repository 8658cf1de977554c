#pragma once

// What `fleet` reads of a cluster, and which agent is asked about which node.

#include <optional>
#include <string>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

inline constexpr int kUsualAgentPort = 20000;
inline constexpr std::string_view kUsualNamespace = "hostnet-agent";

struct ClusterNode {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  bool operator==(const ClusterNode&) const = default;
};

struct AgentPlace {
  std::string namespace_, pod;
  int port{kUsualAgentPort};
  bool operator==(const AgentPlace&) const = default;
};

// A node, and whom to ask about it.
struct FleetNode {
  std::string name;
  std::optional<AgentPlace> agent;
  std::string problem;  // why nobody can be asked; "" where there is an agent
  bool operator==(const FleetNode&) const = default;
};

// Nodes that no DaemonSet of ours goes to (deploy/base): other systems than Linux, Fargate, virtual
// kubelets.
bool has_no_agent_by_design(const ClusterNode& node);

// Every node with its agent, by name. Of several agents of a node (one that goes, its successor)
// the one that runs is asked. Nodes that only agents name are there, too. Pure.
std::vector<FleetNode> match_agents(const std::vector<ClusterNode>& nodes,
                                    const std::vector<Pod>& agents);

// Which namespace's agents are believed: a label is anybody's who may create pods. Empty: none of
// several may be preferred. Pure.
std::optional<std::string> namespace_of_agents(const std::vector<Pod>& agents);

}  // namespace hostnet
