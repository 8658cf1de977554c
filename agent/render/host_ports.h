#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/findings/report.h"

namespace hostnet {

// Selects ports: /ports sets neither, /ports/{port} and `ports PORT/PROTO` do.
struct PortFilter {
  std::optional<std::uint16_t> port;
  std::optional<Protocol> protocol;
  bool operator==(const PortFilter&) const = default;
};

// One port of the node that is held or declared. The pointers are into the
// report that it was made from, and into `made`.
struct HostPort {
  Protocol protocol{};
  std::uint16_t port{};
  std::vector<const Holder*> holders;
  std::vector<std::unique_ptr<const Holder>> made;  // made of rules and folded sockets
  std::vector<const DeclaredPort*> declared_by;
  std::vector<Verdict> findings;  // those not ignored, each once
};

// By port, then protocol. A NAT rule for more than kMostListedPorts ports is
// listed only on ports that are held, declared or asked for.
std::vector<HostPort> host_ports(const Report& report, const PortFilter& filter = {});

}  // namespace hostnet
