#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/ports/owners/attribution.h"
#include "agent/ports/pod_index.h"
#include "netlink/node/node.h"

namespace hostnet {

// Finds the holders of one port right now: its sockets and their owners, nothing else. Not thread
// safe.
class PortProbe {
 public:
  explicit PortProbe(const Node& node) : node_(node), attribution_(node) {}

  struct Query {
    Protocol protocol{};
    std::uint16_t port{};
    bool every_state{};  // else only servers, which is cheap
  };
  std::vector<Holder> holders(const Query& query, const std::vector<std::string>& node_components,
                              const PodIndex& pods);

  // At most a second old.
  const std::vector<Link>& links();
  const std::vector<Address>& addresses();

 private:
  void read_sockets(const Query& query);
  void read_network();

  Node node_;
  Attribution attribution_;
  std::vector<Socket> sockets_;
  std::vector<Link> links_;
  std::vector<Address> addresses_;
  SteadyTime network_read_;
  bool network_known_{};
};

}  // namespace hostnet
