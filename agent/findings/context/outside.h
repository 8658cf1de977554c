#pragma once

// Where packets of other machines come in.

#include <string>
#include <vector>

#include "agent/ports/port_snapshot.h"

namespace hostnet {

// An address of the node, and an interface on which packets to it arrive.
struct WayIn {
  std::string interface;
  IpAddress address;
};

// Those of interfaces that face other machines: not loopback, not what pods, containers and
// overlays are behind, as long as there is another. Link-local addresses, and addresses of
// Services on devices of their own, are left out.
std::vector<WayIn> ways_in(const PortSnapshot& table);

}  // namespace hostnet
