#include "agent/http/peers/known_peers.h"

#include <algorithm>

namespace hostnet {

void KnownPeers::add(const PeerShare& who, Time now) {
  seen_[who] = now;
  if (seen_.size() <= kMost) return;
  seen_.erase(std::ranges::min_element(seen_, {}, [](const auto& peer) { return peer.second; }));
}

bool KnownPeers::has(const PeerShare& who, Time now) const {
  const auto found = seen_.find(who);
  return found != seen_.end() && now - found->second <= kKnownFor;
}

}  // namespace hostnet
