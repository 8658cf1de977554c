#pragma once

#include <chrono>

#include "netlink/base/clock.h"

namespace hostnet {

// The real clock, for threads that talk to the outside (pod sources, the daemon).
// Code that judges the node takes the time from its Node or as an argument.
inline SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}
inline WallTime wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace hostnet
