#include "agent/fleet/agents/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace hostnet {
namespace {

std::string_view label_of(const ClusterNode& node, std::string_view name) {
  const auto found = std::ranges::find(
      node.labels, name, [](const auto& label) { return std::string_view(label.first); });
  return found == node.labels.end() ? std::string_view{} : found->second;
}

int port_of_agent(const Pod& pod) {
  for (const DeclaredPort& port : declared_ports(pod)) {
    if (port.protocol == Protocol::tcp) return port.port;
  }
  return kUsualAgentPort;
}

bool is_ready(const Pod& pod) {
  return std::ranges::all_of(pod.containers,
                             [](const Container& one) { return one.ready.value_or(false); });
}

// Smaller ranks are better agents to ask.
auto rank(const Pod& pod) {
  return std::tuple(pod.phase != "Running", pod.deleted_at.has_value(), !is_ready(pod), pod.name);
}

FleetNode asked_through(const Pod& pod) {
  FleetNode node{.name = pod.node_name, .agent = {}, .problem = {}};
  if (pod.phase == "Running") {
    node.agent = {.namespace_ = pod.namespace_, .pod = pod.name, .port = port_of_agent(pod)};
  } else {
    node.problem = fmt::format("its agent {}/{} is {}", pod.namespace_, pod.name,
                               pod.phase.empty() ? "in no known phase" : pod.phase);
  }
  return node;
}

}  // namespace

bool has_no_agent_by_design(const ClusterNode& node) {
  const std::string_view system = label_of(node, "kubernetes.io/os");
  return (!system.empty() && system != "linux") || label_of(node, "type") == "virtual-kubelet" ||
         label_of(node, "eks.amazonaws.com/compute-type") == "fargate";
}

std::vector<FleetNode> match_agents(const std::vector<ClusterNode>& nodes,
                                    const std::vector<Pod>& agents) {
  std::map<std::string, const Pod*, std::less<>> best;
  for (const Pod& pod : agents) {
    if (pod.node_name.empty()) continue;
    const Pod*& known = best[pod.node_name];
    if (known == nullptr || rank(pod) < rank(*known)) known = &pod;
  }
  std::vector<FleetNode> fleet;
  for (const auto& [name, pod] : best) fleet.push_back(asked_through(*pod));
  for (const ClusterNode& node : nodes) {
    if (best.contains(node.name) || has_no_agent_by_design(node)) continue;
    fleet.push_back({.name = node.name, .agent = {}, .problem = "no agent runs there"});
  }
  std::ranges::sort(fleet, {}, &FleetNode::name);
  return fleet;
}

std::optional<std::string> namespace_of_agents(const std::vector<Pod>& agents) {
  std::set<std::string, std::less<>> found;
  for (const Pod& pod : agents) found.insert(pod.namespace_);
  if (found.contains(kUsualNamespace)) return std::string(kUsualNamespace);
  if (found.size() != 1) return std::nullopt;
  return *found.begin();
}

}  // namespace hostnet
