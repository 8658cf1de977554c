#pragma once

#include <memory>
#include <string>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"
#include "netlink/ethtool.h"
#include "netlink/netlink.h"
#include "netlink/node/files.h"
#include "netlink/node/identity.h"
#include "netlink/node/ip_tables_source.h"
#include "netlink/node/socket_options.h"
#include "netlink/process_sockets/process_sockets.h"

namespace hostnet {

// Everything that the agent reads from the machine goes through this. Live, recorded, or
// assembled by a test; recording is a decorator around a live one. The members are
// thread safe; a Node is built once and then only read.
struct Node {
  std::shared_ptr<Netlink> netlink;
  std::shared_ptr<Files> files;
  std::shared_ptr<SocketOptions> socket_options;
  std::shared_ptr<Clock> clock;
  Identity identity;
  std::shared_ptr<const Ethtool> ethtool = no_ethtool();
  std::shared_ptr<const IpTables> ip_tables = no_ip_tables();
  std::shared_ptr<BindEvents> bind_events;  // null: refused binds are not reported
  // For the first scan; null: it reads every proc/<pid>/fd.
  std::shared_ptr<ProcessSockets> process_sockets;
};

struct NodePaths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
};

// This machine. Fails when procfs is not a readable directory.
Result<Node> live_node(const NodePaths& paths);

}  // namespace hostnet
