#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Events in their order, with equal refusals shortly after one another as one: a flood is resolved
// some hundred times a second. What is passed to `on_refused`: the last, when the first was, and
// how many they are.
struct BindFolding {
  std::function<void(const BindEvent&, SteadyTime, std::uint64_t)> on_refused;
  std::function<void(const BindEvent&)> on_done;
};
void fold_binds(std::span<const BindEvent> events, const BindFolding& folding);

}  // namespace hostnet
