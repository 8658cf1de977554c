#include "netlink/nat/packet_rules.h"

#include <fmt/format.h>

namespace hostnet {

std::string NatTarget::to_string() const {
  std::string ports;
  if (port != 0) ports = fmt::format(":{}", port);
  if (port != 0 && last_port != port) ports += fmt::format("-{}", last_port);
  if (!address) return ports;
  const bool brackets = address->family == AddressFamily::ipv6 && !ports.empty();
  std::string text = address->to_string();
  if (last_address) text += "-" + last_address->to_string();
  return brackets ? "[" + text + "]" + ports : text + ports;
}

std::string_view to_string(NatSource source) {
  switch (source) {
    case NatSource::nf_tables: return "nf_tables";
    case NatSource::ip_tables: return "ip_tables";
    case NatSource::ipvs: break;
  }
  return "ipvs";
}

}  // namespace hostnet
