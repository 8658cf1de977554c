#include "agent/options/inputs.h"

#include "netlink/node/recording/replay.h"

namespace hostnet {

Result<Node> open_node(const CommandLine& line) {
  return line.replay.empty() ? live_node(line.paths) : replayed_node(line.replay);
}

Result<std::shared_ptr<const PodSnapshot>> pods_now(const CommandLine& line,
                                                    const std::string& node_name, WallTime now) {
  if (!line.replay.empty()) return recorded_pods(line.replay, now);
  return read_pods_once(pod_source_options(line.pods, node_name), now);
}

}  // namespace hostnet
