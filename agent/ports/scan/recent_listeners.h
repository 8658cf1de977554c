#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "netlink/base/clock.h"
#include "netlink/facts.h"

namespace hostnet {

// The ports that some TCP socket listened on in the last 120 s. A server that has just stopped
// leaves connections in TIME_WAIT, which are then not reported. Not thread safe.
class RecentListeners {
 public:
  void see(std::span<const Socket> sockets, SteadyTime now);
  // The sockets are the same as last time.
  void see_again(SteadyTime now);

  // Sorted; unset in the first 120 s of scanning.
  std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> ports(SteadyTime now) const;

  static constexpr std::chrono::seconds kRecent{120};

 private:
  std::vector<std::uint16_t> listening_;      // as of the last scan, sorted
  std::map<std::uint16_t, SteadyTime> left_;  // when those that stopped were last seen
  std::optional<SteadyTime> first_scan_;
  SteadyTime last_scan_;
};

}  // namespace hostnet
