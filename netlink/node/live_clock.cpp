#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>

#include "netlink/base/clock.h"

namespace hostnet {
namespace {

class LiveClock final : public Clock {
 public:
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  }
  std::chrono::nanoseconds thread_cpu() const override {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  Result<ClockDiscipline> discipline() const override {
    timex read{};  // no mode: sets nothing and needs no privilege
    // Not adjtimex(3), which calls clock_adjtime(2): more seccomp profiles forbid that.
    const long state = ::syscall(SYS_adjtimex, &read);
    if (state < 0) return system_failure(errno, "reading how the clock is steered");
    return ClockDiscipline{.state = state,
                           .status = read.status,
                           .offset = read.offset,
                           .freq = read.freq,
                           .maxerror = read.maxerror,
                           .esterror = read.esterror,
                           .constant = read.constant,
                           .tick = read.tick,
                           .ppsfreq = read.ppsfreq,
                           .jitter = read.jitter,
                           .shift = read.shift,
                           .stabil = read.stabil,
                           .jitcnt = read.jitcnt,
                           .calcnt = read.calcnt,
                           .errcnt = read.errcnt,
                           .stbcnt = read.stbcnt,
                           .tai = read.tai};
  }
};

}  // namespace

std::shared_ptr<Clock> live_clock() {
  return std::make_shared<LiveClock>();
}

}  // namespace hostnet
