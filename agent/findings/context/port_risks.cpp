#include "agent/findings/context/port_risks.h"

#include <algorithm>

namespace hostnet {

bool may_be_taken_by_a_connection(unsigned port, const PortRanges& ranges) {
  return ranges.ephemeral.contains(port) &&
         std::ranges::none_of(ranges.reserved,
                              [port](const PortRange& range) { return range.contains(port); });
}

const ReservedPorts* reservation_of(Protocol protocol, std::uint16_t port, const Policy& policy) {
  const auto found = std::ranges::find_if(policy.reserved_ports, [&](const ReservedPorts& row) {
    return row.ports.contains(port) && row.protocol.value_or(protocol) == protocol;
  });
  return found == policy.reserved_ports.end() ? nullptr : &*found;
}

std::vector<Verdict> risks_of_port(Protocol protocol, std::uint16_t port, const PortSnapshot& table,
                                   const Policy& policy) {
  std::vector<Verdict> risks;
  if (may_be_taken_by_a_connection(port, table.ranges)) {
    risks.push_back(Verdict::in_ephemeral_range);
  }
  if (policy.node_port_range.contains(port)) risks.push_back(Verdict::in_node_port_range);
  if (reservation_of(protocol, port, policy) != nullptr) risks.push_back(Verdict::reserved_port);
  if (protocol == Protocol::sctp && !table.coverage.sctp) {
    risks.push_back(Verdict::unsupported_protocol);
  }
  return risks;
}

}  // namespace hostnet
