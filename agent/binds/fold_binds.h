#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Passes on events in their order, combining equal refusals within a second: a flood is resolved
// some hundred times a second. `on_refused` gets the last one, the time of the first, and their
// number.
struct BindFolding {
  std::function<void(const BindEvent&, SteadyTime, std::uint64_t)> on_refused;
  std::function<void(const BindEvent&)> on_done;
};
void fold_binds(std::span<const BindEvent> events, const BindFolding& folding);

}  // namespace hostnet
