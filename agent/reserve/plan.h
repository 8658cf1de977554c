#pragma once

// Plans the writes of --fix.reserve-ports, without a kernel or a clock.

#include <bitset>
#include <cstdint>
#include <vector>

#include "agent/ports/port_snapshot.h"

namespace hostnet {

using PortSet = std::bitset<65536>;
PortSet port_set(const std::vector<PortRange>& ranges);
PortSet port_set(const std::vector<std::uint16_t>& ports);
// Sorted and merged, as the kernel writes them.
std::vector<PortRange> ranges_of(const PortSet& ports);

// The agent's own past writes.
struct OwnReservation {
  PortSet added;   // by the agent only
  PortSet result;  // the whole list after the agent's last write
  bool operator==(const OwnReservation&) const = default;
};

struct ReservationFacts {
  PortSet reserved;    // the current net.ipv4.ip_local_reserved_ports
  PortSet wanted;      // declared ports in the ephemeral range
  PortSet keep;        // no longer declared, but only recently
  bool may_release{};  // pods are known well enough to tell that one is gone
};

struct ReservationPlan {
  PortSet taken_over;  // once added by us, but somebody else wrote the list since: theirs now
  PortSet missing, released;
  OwnReservation then;  // after the write, if there is one
  bool writes() const { return missing.any() || released.any(); }
};

// Adds wanted ports that are missing. Removes only ports that the agent added itself, that are no
// longer wanted and that nobody else touched since: a writer of the list writes all of it, so if
// the list differs from the agent's last one, everything in it belongs to somebody else. A port
// that was already reserved is never the agent's.
ReservationPlan plan_reservation(const ReservationFacts& facts, const OwnReservation& own);

}  // namespace hostnet
