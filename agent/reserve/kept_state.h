#pragma once

// The state that one run saves for the next, as text, so that after a crash or an upgrade the agent
// still knows which ports it added:
//
//   boot 5f0c…                       kernel.random.boot_id: a reboot empties the list
//   namespace 4026531840             the network namespace whose list it is
//   added 40000
//   before 8080                      the whole list before the current write, or after it
//   after 8080,40000

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/reserve/plan.h"
#include "netlink/base/error.h"

namespace hostnet {

struct KeptState {
  std::string boot;
  std::uint64_t network_namespace{};
  PortSet added;
  PortSet before, after;  // equal when no write is in progress
  bool operator==(const KeptState&) const = default;
};

std::string to_text(const KeptState& state);
Result<KeptState> parse_kept_state(std::string_view text);

// Determines which ports of the current list are the agent's. None if the state is of another boot
// or namespace, or if somebody else wrote the list.
OwnReservation own_reservation(const KeptState& state, std::string_view boot,
                               std::uint64_t network_namespace, const PortSet& reserved);

}  // namespace hostnet
