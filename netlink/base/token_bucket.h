#pragma once

#include <algorithm>
#include <chrono>

#include "netlink/base/clock.h"

namespace hostnet {

// `burst` tokens at first, then one more per `refill` up to that many. The state is
// the time at which it will be full again; nothing reads the clock.
class TokenBucket {
 public:
  TokenBucket(int burst, std::chrono::nanoseconds refill)
      : allowance_((burst - 1) * refill), refill_(refill) {}

  bool has(SteadyTime now) const { return full_at_ <= now + allowance_; }
  bool full(SteadyTime now) const { return full_at_ <= now; }
  // Only when has() is true.
  void take(SteadyTime now) { full_at_ = std::max(full_at_, now) + refill_; }

 private:
  std::chrono::nanoseconds allowance_, refill_;
  SteadyTime full_at_;
};

}  // namespace hostnet
