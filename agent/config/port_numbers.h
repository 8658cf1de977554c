#pragma once

// What the number of a port says by itself, on this node and at this site.

#include <cstdint>

#include "agent/config/policy.h"
#include "agent/ports/port_ranges.h"
#include "netlink/facts.h"

namespace hostnet {

// In the ephemeral range and not reserved: the kernel may assign it to an outgoing connection.
bool may_be_taken_by_a_connection(unsigned port, const PortRanges& ranges);

// The row of reserved_ports that covers it; nullptr: none.
const ReservedPorts* reservation_of(Protocol protocol, std::uint16_t port, const Policy& policy);

}  // namespace hostnet
