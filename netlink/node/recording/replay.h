#pragma once

#include <string>
#include <string_view>

#include "netlink/node/node.h"

namespace hostnet {

// A directory that record_node() wrote, or one like it made by hand. Nothing of
// this machine is read beside it. The clock stands at the moment of the
// recording. A request or path that was not recorded is Reason::unsupported
// with a message that names it. A narrower socket query than was recorded is
// answered. subscribe() gives a subscription that never has anything to read.
Result<Node> replayed_node(const std::string& directory);

// A document that Recorder::attach() put into a recording. Reason::vanished:
// there is none of that name.
Result<std::string> recorded_attachment(const std::string& directory, std::string_view name);

// Which node is read.
struct NodeOptions {
  NodePaths paths;
  std::string replay;  // --replay: a recording's directory; "": this machine
  bool bpf{};          // of a machine of many processes their sockets are read by a BPF iterator
};
Result<Node> open_node(const NodeOptions& options);

}  // namespace hostnet
