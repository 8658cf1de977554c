#pragma once

#include <chrono>
#include <memory>

#include "netlink/base/clock_discipline.h"
#include "netlink/base/error.h"

namespace hostnet {

// Steady time for durations and grace, wall time for display; both come from
// the Clock of the Node, so that a replayed node has a time of its own.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;
  // CPU time that the calling thread has used (CLOCK_THREAD_CPUTIME_ID): what a
  // scan of the node cost. A clock that stands still has nothing to pay.
  virtual std::chrono::nanoseconds thread_cpu() const { return {}; }
  // adjtimex(2), which only reads here. A clock that nobody steers is
  // Reason::unsupported.
  virtual Result<ClockDiscipline> discipline() const {
    return failure(Reason::unsupported, "reading how the clock is steered: nobody steers it");
  }
};

// The clocks of this machine.
std::shared_ptr<Clock> live_clock();

}  // namespace hostnet
