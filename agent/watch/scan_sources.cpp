#include "agent/watch/scan_sources.h"

#include <utility>

#include "agent/config/load_policy.h"
#include "agent/pods/sources/node_sources.h"

namespace hostnet {

Result<std::shared_ptr<const PodSnapshot>> pods_now(const ScanSources& sources,
                                                    const std::string& node_name, WallTime now) {
  if (!sources.node.replay.empty()) return recorded_pods(sources.node.replay, now);
  return read_pods_once(pod_source_options(sources.pods, node_name), now);
}

ScanSources on_this_node(ScanSources sources) {
  if (sources.pods.search_node) {
    sources.pods = with_node_sources(std::move(sources.pods), find_node_sources());
  }
  return sources;
}

Result<ScanInputs> read_scan_inputs(const ScanSources& given, Node node) {
  const ScanSources sources = on_this_node(given);
  auto policy = load_policy(sources.config_file);
  if (!policy) return std::unexpected(std::move(policy).error());
  const std::string name = node_name_of(sources.pods.node_name, node);
  auto pods = pods_now(sources, name, node.clock->wall());
  if (!pods) return std::unexpected(std::move(pods).error());
  return ScanInputs{
      .node_context = read_node_context(std::make_shared<const Node>(std::move(node)), name),
      .pods = *std::move(pods),
      .policy = *std::move(policy)};
}

Result<ScanInputs> read_scan_inputs(const ScanSources& sources) {
  auto node = open_node(sources.node);
  if (!node) return std::unexpected(std::move(node).error());
  return read_scan_inputs(sources, *std::move(node));
}

}  // namespace hostnet
