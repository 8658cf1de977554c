#include "agent/pods/sources/freshness.h"

#include <utility>

namespace hostnet {

void Freshness::heard(SteadyTime now) {
  last_heard = now;
  failing_since.reset();
  nothing_heard_since.reset();
  failures = 0;
  problem.clear();
}

void Freshness::watch_ended(SteadyTime now) {
  if (!nothing_heard_since && last_heard && now - *last_heard >= silence) nothing_heard_since = now;
}

void Freshness::accepted(SteadyTime now) {
  if (failures >= kFailedTooOften) doubtful_until = now + kCatchUp;
  failing_since.reset();
  failures = 0;
  problem.clear();
}

void Freshness::failed(SteadyTime now, std::string why) {
  ++failures;
  if (!failing_since) failing_since = now;
  problem = std::move(why);
}

bool Freshness::stale(SteadyTime now) const {
  if (!last_heard) return false;
  return failures >= kFailedTooOften || now - *last_heard >= silence ||
         (doubtful_until && now < *doubtful_until);
}

bool Freshness::turn_is_over(SteadyTime now) const {
  if (!last_heard) return failures >= kFailedTooOften;
  if (failing_since && now - *failing_since >= kChooseAgainAfter) return true;
  // Before that it had already been silent for kSilentForTooLong.
  return nothing_heard_since && now - *nothing_heard_since >= kChooseAgainAfter - kSilentForTooLong;
}

std::optional<SteadyTime> Freshness::next_change(SteadyTime now) const {
  if (!last_heard) return std::nullopt;
  if (doubtful_until && now < *doubtful_until) return doubtful_until;
  const SteadyTime silent = *last_heard + silence;
  if (now < silent) return silent;
  return std::nullopt;
}

}  // namespace hostnet
