#include "agent/http/peers/recent_use.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace hostnet {

double RecentUse::Use::at(Time now) const {
  const std::chrono::duration<double> age = std::max(now, when) - when;
  return much * std::exp2(-age / std::chrono::duration<double>(kHalfLife));
}

void RecentUse::add(const PeerShare& who, Time now) {
  Use& use = uses_[who];
  use = {.much = use.at(now) + 1, .when = now};
  if (uses_.size() > kMost) forget(now);
}

double RecentUse::of(const PeerShare& who, Time now) const {
  const auto found = uses_.find(who);
  return found == uses_.end() ? 0 : found->second.at(now);
}

// Forgets half of the peers, so that this does not run for every new one.
void RecentUse::forget(Time now) {
  std::vector<double> all;
  all.reserve(uses_.size());
  for (const auto& [who, use] : uses_) all.push_back(use.at(now));
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::ranges::nth_element(all, middle);
  std::erase_if(uses_, [&](const auto& entry) { return entry.second.at(now) <= *middle; });
}

}  // namespace hostnet
