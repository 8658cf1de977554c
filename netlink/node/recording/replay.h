#pragma once

#include <string>
#include <string_view>

#include "netlink/node/node.h"

namespace hostnet {

// A directory written by record_node(), or a similar one made by hand. Nothing else on
// this machine is read. The clock stands at the moment of the recording. A request or
// path that was not recorded is Reason::unsupported with a message that names it. A
// socket query narrower than the recorded one is answered. subscribe() returns a
// subscription that never has anything to read.
Result<Node> replayed_node(const std::string& directory);

// A document that Recorder::attach() added to a recording. Reason::vanished: none has
// that name.
Result<std::string> recorded_attachment(const std::string& directory, std::string_view name);

// Selects the node to read.
struct NodeOptions {
  NodePaths paths;
  std::string replay;  // --replay: a recording's directory; "": this machine
  bool bpf{};          // with many processes, read their sockets by a BPF iterator
};
Result<Node> open_node(const NodeOptions& options);

}  // namespace hostnet
