#include "agent/config/port_numbers.h"

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

}  // namespace hostnet
