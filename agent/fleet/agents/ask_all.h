#pragma once

#include <cstddef>
#include <functional>

#include "netlink/base/error.h"

namespace hostnet {

// The limit of agents asked at once, to spare a fleet's API server.
inline constexpr std::size_t kMostAtOnce = 64;

// Calls ask(0) to ask(count - 1), at most kMostAtOnce at once, on several threads; returns when all
// have finished. `ask` returns whether it got an answer. Shows progress if stderr is a terminal.
Result<> ask_all(std::size_t count, const std::function<bool(std::size_t)>& ask);

}  // namespace hostnet
