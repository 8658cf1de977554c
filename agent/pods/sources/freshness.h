#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "netlink/base/clock.h"

namespace hostnet {

// Whether the data of a live source can be trusted. Stale: nothing was received for this long, or
// this many attempts failed in a row (deploy/reference/pods.md).
inline constexpr std::chrono::minutes kSilentForTooLong{3};
inline constexpr unsigned kFailedTooOften = 3;
// After an outage, the missed events arrive with the first bytes of the new watch: the known state
// counts as current again this long after the watch was accepted.
inline constexpr std::chrono::seconds kCatchUp{2};

// After this long without an answer it is the next source's turn; a source that never answered gets
// kFailedTooOften attempts.
inline constexpr std::chrono::minutes kChooseAgainAfter{5};

struct Freshness {
  std::chrono::milliseconds silence{kSilentForTooLong};
  std::optional<SteadyTime> last_heard;     // unset: never, not synced yet
  std::optional<SteadyTime> failing_since;  // unset while it works
  // Watches are accepted, but nothing is received on them.
  std::optional<SteadyTime> nothing_heard_since;
  std::optional<SteadyTime> doubtful_until;
  unsigned failures{};  // in a row
  std::string problem;  // why the last attempt failed, for people; "" if it did not
  bool operator==(const Freshness&) const = default;

  void heard(SteadyTime now);     // an answer or event was received
  void accepted(SteadyTime now);  // a watch was accepted, nothing received yet
  void failed(SteadyTime now, std::string why);
  void watch_ended(SteadyTime now);  // a watch that was accepted

  bool stale(SteadyTime now) const;
  bool turn_is_over(SteadyTime now) const;
  // When stale() may change without any event.
  std::optional<SteadyTime> next_change(SteadyTime now) const;
};

}  // namespace hostnet
