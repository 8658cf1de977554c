#pragma once

#include <memory>
#include <string>

#include "netlink/error.h"
#include "netlink/netlink.h"
#include "netlink/node/clock.h"
#include "netlink/node/files.h"
#include "netlink/node/identity.h"

namespace hostnet {

// Everything the agent reads from the machine goes through here. Live,
// recorded, or put together by a test; recording is a decorator around a live
// one. The members are thread safe; a Node is built once and then only read.
struct Node {
  std::shared_ptr<Netlink> netlink;
  std::shared_ptr<Files> files;
  std::shared_ptr<Clock> clock;
  Identity identity;
};

struct NodePaths {
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
};

// This machine. Fails when procfs is not a readable directory.
Result<Node> live_node(const NodePaths& paths);

// A directory that record_node() wrote. The clock stands at the moment of the
// recording. A request or path that was not recorded is Reason::unsupported
// with a message that names it.
Result<Node> replayed_node(const std::string& directory);

// Wraps `node` so that every answer is also kept and, by finish(), written to
// `directory` (created; must be empty or absent). See README.md in this folder
// for the format.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual Node& node() = 0;
  virtual Result<> finish() = 0;
};
Result<std::unique_ptr<Recorder>> record_node(Node node, const std::string& directory);

}  // namespace hostnet
