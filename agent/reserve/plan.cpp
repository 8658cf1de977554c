#include "agent/reserve/plan.h"

namespace hostnet {

PortSet port_set(const std::vector<PortRange>& ranges) {
  PortSet set;
  for (const auto& [first, last] : ranges) {
    for (unsigned port = first; port <= last; ++port) set.set(port);
  }
  return set;
}

PortSet port_set(const std::vector<std::uint16_t>& ports) {
  PortSet set;
  for (const std::uint16_t port : ports) set.set(port);
  return set;
}

std::vector<PortRange> ranges_of(const PortSet& ports) {
  std::vector<PortRange> ranges;
  for (unsigned port = 0; port < ports.size(); ++port) {
    if (!ports.test(port)) continue;
    const auto number = static_cast<std::uint16_t>(port);
    if (port > 0 && ports.test(port - 1)) {
      ranges.back().last = number;
    } else {
      ranges.push_back({number, number});
    }
  }
  return ranges;
}

ReservationPlan plan_reservation(const ReservationFacts& facts, const OwnReservation& own) {
  ReservationPlan plan;
  OwnReservation now{.added = own.added & facts.reserved, .result = facts.reserved};
  if (facts.reserved != own.result) {
    plan.taken_over = now.added;
    now.added.reset();
  }
  plan.missing = facts.wanted & ~facts.reserved;
  if (facts.may_release) plan.released = now.added & ~facts.wanted & ~facts.keep;
  plan.then.added = (now.added | plan.missing) & ~plan.released;
  plan.then.result = (facts.reserved | plan.missing) & ~plan.released;
  return plan;
}

}  // namespace hostnet
