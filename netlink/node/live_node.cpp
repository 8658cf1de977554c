#include "netlink/live_ethtool.h"
#include "netlink/live_netlink.h"
#include "netlink/node/bound_inactive.h"
#include "netlink/node/live_files.h"
#include "netlink/node/node.h"
#include "netlink/node/read_identity.h"

namespace hostnet {

Result<Node> live_node(const NodePaths& paths) {
  auto clock = live_clock();
  auto files = live_files(paths.procfs, paths.sysfs, clock);
  if (!files) return std::unexpected(std::move(files).error());
  auto netlink = live_netlink();
  Identity identity = read_identity(**files);
  identity.shows_bound_inactive = proves_bound_inactive(*netlink);
  auto options = live_socket_options(*files, identity.has_capability(Identity::kSysPtrace));
  return Node{.netlink = std::move(netlink),
              .files = std::move(*files),
              .socket_options = std::move(options),
              .clock = std::move(clock),
              .identity = std::move(identity),
              .ethtool = live_ethtool(),
              .ip_tables = live_ip_tables()};
}

}  // namespace hostnet
