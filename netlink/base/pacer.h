#pragma once

#include <algorithm>
#include <chrono>

#include "netlink/base/clock.h"

namespace hostnet {

// Limits costly work to a share of a CPU: after work that cost C, the next is due
// after `times` C, and no sooner than `least`.
class Pacer {
 public:
  explicit constexpr Pacer(int times, std::chrono::nanoseconds least = {})
      : times_(times), least_(least) {}

  bool due(SteadyTime now) const { return now >= next_; }
  SteadyTime next() const { return next_; }

  // The work ended at `now` and cost `cost`.
  void rest(SteadyTime now, std::chrono::nanoseconds cost) {
    next_ = now + std::max(least_, times_ * cost);
  }
  // The work cost this much more than reported.
  void rest_more(std::chrono::nanoseconds cost) { next_ += times_ * cost; }

 private:
  int times_;
  std::chrono::nanoseconds least_;
  SteadyTime next_;
};

}  // namespace hostnet
