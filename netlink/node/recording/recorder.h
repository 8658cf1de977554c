#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "netlink/node/node.h"

namespace hostnet {

// Wraps a node so that every answer is also kept. If a request is repeated, the last
// answer is kept; sockets are requested once per protocol and family, all of them,
// and every query is answered from those. Thread safe. The format is described in
// README.md of this folder.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // Valid longer than the recorder, but its later answers are not written.
  virtual Node& node() = 0;
  // A document of another module ("pods.json"): 1 to 64 of [A-Za-z0-9._-], not
  // beginning with a dot.
  virtual Result<> attach(std::string_view name, std::string contents) = 0;
  // Writes everything, readable only by its owner (it contains process names); the index
  // comes last, so that a directory with an index is complete. On failure removes what
  // it wrote.
  virtual Result<> finish() = 0;
};
// `directory` must be empty or absent (it is created).
Result<std::unique_ptr<Recorder>> record_node(Node node, const std::string& directory);

}  // namespace hostnet
