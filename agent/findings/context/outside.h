#pragma once

// Where packets from other machines come in.

#include <string>
#include <vector>

#include "agent/ports/port_snapshot.h"

namespace hostnet {

// An address of the node and an interface on which packets to it arrive.
struct WayIn {
  std::string interface;
  IpAddress address;
};

// Only interfaces that face other machines: no loopback, and none that lead to pods, containers or
// overlays if there are others. Excludes link-local addresses and Service addresses on dedicated
// devices.
std::vector<WayIn> ways_in(const PortSnapshot& table);

}  // namespace hostnet
