#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/findings/report.h"

namespace hostnet {

// Which ports: /ports has neither, /ports/{port} and `ports PORT/PROTO` do.
struct PortFilter {
  std::optional<std::uint16_t> port;
  std::optional<Protocol> protocol;
  bool operator==(const PortFilter&) const = default;
};

// One port of the node that somebody holds or declares. The pointers are into
// the report that it was made from, and into `made`.
struct HostPort {
  Protocol protocol{};
  std::uint16_t port{};
  std::vector<const Holder*> holders;
  std::vector<std::unique_ptr<const Holder>> made;  // rules and folded sockets: no holders there
  std::vector<const DeclaredPort*> declared_by;
  std::vector<Verdict> findings;  // those not ignored, each once
};

// By port, then protocol. A NAT rule for many ports (kMostListedPorts)
// is there only on ports that somebody holds, declares or asks for.
std::vector<HostPort> host_ports(const Report& report, const PortFilter& filter = {});

}  // namespace hostnet
