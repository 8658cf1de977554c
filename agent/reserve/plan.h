#pragma once

// What --fix.reserve-ports is to write, decided without a kernel or a clock.

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

// What the agent knows of its own doing.
struct OwnReservation {
  PortSet added;   // by the agent, and nobody else
  PortSet result;  // the whole list after the agent's last write
  bool operator==(const OwnReservation&) const = default;
};

struct ReservationFacts {
  PortSet reserved;    // net.ipv4.ip_local_reserved_ports now
  PortSet wanted;      // declared ports in the ephemeral range
  PortSet keep;        // no longer declared, but only just
  bool may_release{};  // pods are known well enough to say that one is gone
};

struct ReservationPlan {
  PortSet taken_over;  // added once, but since then somebody else wrote the list: theirs now
  PortSet missing, released;
  OwnReservation then;  // after the write, if there is something to write
  bool writes() const { return missing.any() || released.any(); }
};

// Adds what is wanted and missing. Removes only what the agent added itself, is
// wanted no more, and was touched by nobody since: whoever writes the list
// writes all of it, so a list that is not the agent's own last one makes
// everything in it somebody else's. A port that was reserved already is never
// the agent's.
ReservationPlan plan_reservation(const ReservationFacts& facts, const OwnReservation& own);

}  // namespace hostnet
