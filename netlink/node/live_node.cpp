#include "netlink/live_netlink.h"
#include "netlink/node/live_files.h"
#include "netlink/node/node.h"
#include "netlink/node/read_identity.h"

namespace hostnet {

Result<Node> live_node(const NodePaths& paths) {
  auto clock = live_clock();
  auto files = live_files(paths.procfs, paths.sysfs, clock);
  if (!files) return std::unexpected(std::move(files).error());
  Identity identity = read_identity(**files);
  return Node{.netlink = live_netlink(),
              .files = std::move(*files),
              .clock = std::move(clock),
              .identity = std::move(identity)};
}

}  // namespace hostnet
