#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "netlink/base/error.h"

namespace hostnet {

// The kernel's clock discipline: the result of adjtimex(2) (`state`, TIME_OK to
// TIME_ERROR) and the fields of its struct timex, with their names and units.
struct ClockDiscipline {
  std::int64_t state{}, status{};
  std::int64_t offset{}, freq{}, maxerror{}, esterror{}, constant{}, tick{};
  std::int64_t ppsfreq{}, jitter{}, shift{}, stabil{};
  std::int64_t jitcnt{}, calcnt{}, errcnt{}, stbcnt{}, tai{};
  bool operator==(const ClockDiscipline&) const = default;
};

using ClockDisciplineField = std::pair<std::string_view, std::int64_t ClockDiscipline::*>;
inline constexpr std::array<ClockDisciplineField, 17> kClockDisciplineFields = {{
    {"state", &ClockDiscipline::state},
    {"status", &ClockDiscipline::status},
    {"offset", &ClockDiscipline::offset},
    {"freq", &ClockDiscipline::freq},
    {"maxerror", &ClockDiscipline::maxerror},
    {"esterror", &ClockDiscipline::esterror},
    {"constant", &ClockDiscipline::constant},
    {"tick", &ClockDiscipline::tick},
    {"ppsfreq", &ClockDiscipline::ppsfreq},
    {"jitter", &ClockDiscipline::jitter},
    {"shift", &ClockDiscipline::shift},
    {"stabil", &ClockDiscipline::stabil},
    {"jitcnt", &ClockDiscipline::jitcnt},
    {"calcnt", &ClockDiscipline::calcnt},
    {"errcnt", &ClockDiscipline::errcnt},
    {"stbcnt", &ClockDiscipline::stbcnt},
    {"tai", &ClockDiscipline::tai},
}};

// Steady time for durations and grace, wall time for display; both come from
// the Clock of the Node, so that a replayed node has its own time.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime steady() const = 0;
  virtual WallTime wall() const = 0;
  // CPU time used by the calling thread (CLOCK_THREAD_CPUTIME_ID): the cost of a scan
  // of the node. Zero for a clock that stands still.
  virtual std::chrono::nanoseconds thread_cpu() const { return {}; }
  // adjtimex(2), read only. Reason::unsupported for a clock that is not
  // disciplined.
  virtual Result<ClockDiscipline> discipline() const {
    return failure(Reason::unsupported, "reading how the clock is steered: nobody steers it");
  }
};

// This machine's clocks.
std::shared_ptr<Clock> live_clock();

}  // namespace hostnet
