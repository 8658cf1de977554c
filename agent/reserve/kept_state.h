#pragma once

// What one run leaves to the next, as text, so that a crash or an upgrade does
// not forget which ports the agent added:
//
//   boot 5f0c…                       kernel.random.boot_id: a reboot empties the list
//   namespace 4026531840             the network namespace whose list it is
//   added 40000
//   before 8080                      the whole list before the write under way, or after it
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
  PortSet before, after;  // equal when no write is under way
  bool operator==(const KeptState&) const = default;
};

std::string to_text(const KeptState& state);
Result<KeptState> parse_kept_state(std::string_view text);

// What may be said of the list as it is now. Nothing is the agent's when the
// state is of another boot or namespace, or when somebody else wrote the list.
OwnReservation own_reservation(const KeptState& state, std::string_view boot,
                               std::uint64_t network_namespace, const PortSet& reserved);

}  // namespace hostnet
