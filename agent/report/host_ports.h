#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/report/report.h"

namespace hostnet {

// Which ports: /ports has neither, /ports/{port} and `ports PORT/PROTO` do.
struct PortFilter {
  std::optional<std::uint16_t> port;
  std::optional<Protocol> protocol;
  bool operator==(const PortFilter&) const = default;
};

// One port of the node that somebody holds or declares. The pointers are into
// the report that it was made from.
struct HostPort {
  Protocol protocol{};
  std::uint16_t port{};
  std::vector<const Holder*> holders;
  std::vector<const DeclaredPort*> declared_by;
  std::vector<Verdict> findings;  // those not ignored, each once
};

// By port, then protocol.
std::vector<HostPort> host_ports(const Report& report, const PortFilter& filter = {});

}  // namespace hostnet
