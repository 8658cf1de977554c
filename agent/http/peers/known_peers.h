#pragma once

#include <chrono>
#include <cstddef>
#include <map>

#include "agent/http/peers/peer_share.h"

namespace hostnet {

// The peers that signed in recently, by password or certificate. Bounded: the
// least recently seen one is forgotten first. One thread.
class KnownPeers {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kKnownFor{10};  // several scrape intervals
  static constexpr std::size_t kMost = 64;

  void add(const PeerShare& who, Time now);
  bool has(const PeerShare& who, Time now) const;

 private:
  std::map<PeerShare, Time> seen_;
};

}  // namespace hostnet
