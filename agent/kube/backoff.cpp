#include "agent/kube/backoff.h"

#include <algorithm>

namespace hostnet {
namespace {

Backoff::Duration part_of(Backoff::Duration whole, double part) {
  return std::chrono::duration_cast<Backoff::Duration>(whole * part);
}

}  // namespace

Backoff::Duration Backoff::next(double random, std::optional<std::chrono::seconds> retry_after) {
  const double fraction = std::clamp(random, 0.0, 1.0);
  const Duration pause = part_of(step_, 0.5 + 0.5 * fraction);
  step_ = std::min(2 * step_, kLongest);
  if (!retry_after) return pause;
  const Duration asked = std::clamp<Duration>(*retry_after, Duration{0}, kLongestAskedFor);
  return std::max(pause, std::min(asked + part_of(asked, 0.25 * fraction), kLongestAskedFor));
}

}  // namespace hostnet
