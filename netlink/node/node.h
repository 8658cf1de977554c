#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"
#include "netlink/ethtool.h"
#include "netlink/netlink.h"
#include "netlink/node/files.h"
#include "netlink/node/identity.h"
#include "netlink/node/ip_tables_source.h"
#include "netlink/node/socket_options.h"

namespace hostnet {

// Everything the agent reads from the machine goes through here. Live,
// recorded, or put together by a test; recording is a decorator around a live
// one. The members are thread safe; a Node is built once and then only read.
struct Node {
  std::shared_ptr<Netlink> netlink;
  std::shared_ptr<Files> files;
  std::shared_ptr<SocketOptions> socket_options;
  std::shared_ptr<Clock> clock;
  Identity identity;
  std::shared_ptr<const Ethtool> ethtool = no_ethtool();
  std::shared_ptr<const IpTables> ip_tables = no_ip_tables();
};

struct NodePaths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
};

// This machine. Fails when procfs is not a readable directory.
Result<Node> live_node(const NodePaths& paths);

// A directory that record_node() wrote, or one like it made by hand. Nothing of
// this machine is read beside it. The clock stands at the moment of the
// recording. A request or path that was not recorded is Reason::unsupported
// with a message that names it. A narrower socket query than was recorded is
// answered. subscribe() gives a subscription that never has anything to read.
Result<Node> replayed_node(const std::string& directory);

// A document that Recorder::attach() put into a recording. Reason::vanished:
// there is none of that name.
Result<std::string> recorded_attachment(const std::string& directory, std::string_view name);

// Wraps a node so that every answer is also kept. Where a question is asked
// twice, the last answer is kept; sockets are asked for once per protocol and
// family, all of them, and every query is answered from that. Thread safe.
// README.md in this folder tells the format.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // Valid longer than the recorder; what it answers later is not written.
  virtual Node& node() = 0;
  // A document of another module ("pods.json"): 1 to 64 of [A-Za-z0-9._-], not
  // beginning with a dot.
  virtual Result<> attach(std::string_view name, std::string contents) = 0;
  // Writes everything, readable only by its owner (it names processes); the
  // index comes last, so that a directory with one is whole. On failure what it
  // wrote is removed again.
  virtual Result<> finish() = 0;
};
// `directory` must be empty or absent (it is created).
Result<std::unique_ptr<Recorder>> record_node(Node node, const std::string& directory);

}  // namespace hostnet
