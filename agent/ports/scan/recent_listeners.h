#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

// The ports that some TCP socket listened on in the last 120 s. What stopped
// listening a moment ago leaves its connections in TIME_WAIT, which are then
// nobody's finding. Not thread safe.
class RecentListeners {
 public:
  void see(std::span<const Socket> sockets, SteadyTime now);

  // Sorted; unset in the first 120 s of scanning.
  std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> ports(SteadyTime now) const;

  static constexpr std::chrono::seconds kRecent{120};

 private:
  std::unordered_map<std::uint16_t, SteadyTime> last_seen_;  // by TCP port
  std::optional<SteadyTime> first_scan_;
};

}  // namespace hostnet
