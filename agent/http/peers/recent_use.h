#pragma once

#include <chrono>
#include <cstddef>
#include <map>

#include "agent/http/peers/peer_share.h"

namespace hostnet {

// How much of something each peer used recently; it decays by half every kHalfLife.
// Bounded: the peers that used least are forgotten first. One thread at a time.
class RecentUse {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kHalfLife{4};
  static constexpr std::size_t kMost = 1024;

  void add(const PeerShare& who, Time now);
  double of(const PeerShare& who, Time now) const;

 private:
  struct Use {
    double much{};
    Time when;
    double at(Time now) const;
  };
  void forget(Time now);
  std::map<PeerShare, Use> uses_;
};

}  // namespace hostnet
