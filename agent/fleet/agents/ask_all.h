#pragma once

#include <cstddef>
#include <functional>

#include "netlink/base/error.h"

namespace hostnet {

// More agents are never asked at once: a fleet's API server has other work.
inline constexpr std::size_t kMostAtOnce = 64;

// Calls ask(0) to ask(count - 1), at most kMostAtOnce at once, each from a thread of some; returns
// when all are over. `ask` says whether it got an answer. Where stderr is a terminal, it shows how
// far it is.
Result<> ask_all(std::size_t count, const std::function<bool(std::size_t)>& ask);

}  // namespace hostnet
