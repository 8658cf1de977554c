#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "netlink/base/clock.h"

namespace hostnet {

// How far what a live source says can be believed. Stale: nothing was heard for
// this long, or this many attempts failed in a row (deploy/reference/pods.md).
inline constexpr std::chrono::minutes kSilentForTooLong{3};
inline constexpr unsigned kFailedTooOften = 3;
// After an outage the events that were missed come with the first bytes of the
// new watch: this long after it was accepted what is known counts again.
inline constexpr std::chrono::seconds kCatchUp{2};

// After this long without an answer the next source has its turn; one that never
// answered gets kFailedTooOften attempts.
inline constexpr std::chrono::minutes kChooseAgainAfter{5};

struct Freshness {
  std::chrono::milliseconds silence{kSilentForTooLong};
  std::optional<SteadyTime> last_heard;     // unset: never, not synced
  std::optional<SteadyTime> failing_since;  // unset while it works
  // Watches are accepted, and nothing is heard in them.
  std::optional<SteadyTime> nothing_heard_since;
  std::optional<SteadyTime> doubtful_until;
  unsigned failures{};  // in a row
  std::string problem;  // why the last attempt failed, for people; "" when it did not
  bool operator==(const Freshness&) const = default;

  void heard(SteadyTime now);     // an answer, an event
  void accepted(SteadyTime now);  // a watch was accepted, nothing heard yet
  void failed(SteadyTime now, std::string why);
  void watch_ended(SteadyTime now);  // that was accepted

  bool stale(SteadyTime now) const;
  bool turn_is_over(SteadyTime now) const;
  // When stale() may change though nothing happens.
  std::optional<SteadyTime> next_change(SteadyTime now) const;
};

}  // namespace hostnet
