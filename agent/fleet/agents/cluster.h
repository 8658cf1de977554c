#pragma once

// What `fleet` reads from a cluster, and which agent answers for which node.

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

// A node and the agent to ask about it.
struct FleetNode {
  std::string name;
  std::optional<AgentPlace> agent;
  std::string problem;  // why no agent can be asked; "" if one can
  bool operator==(const FleetNode&) const = default;
};

// Nodes on which our DaemonSet (deploy/base) does not run: other systems than Linux, Fargate,
// virtual kubelets.
bool has_no_agent_by_design(const ClusterNode& node);

// Every node with its agent, by name. If a node has several agents (one terminating, its
// successor), the running one is asked. Nodes named only by agents are included. Pure.
std::vector<FleetNode> match_agents(const std::vector<ClusterNode>& nodes,
                                    const std::vector<Pod>& agents);

// The namespace whose agents are trusted: anybody who may create pods can set the label. Unset:
// there are several and none can be preferred. Pure.
std::optional<std::string> namespace_of_agents(const std::vector<Pod>& agents);

}  // namespace hostnet
