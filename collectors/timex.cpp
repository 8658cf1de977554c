// The kernel's discipline of the clock, and whether it is synchronized: adjtimex(2),
// with node_exporter's names and units.

#include <sys/timex.h>

#include <array>
#include <cmath>
#include <memory>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

constexpr double kMicro = 1e6;
constexpr double kNano = 1e9;
constexpr double kPartsPerMillion = 1e6 * 65536;  // frequencies are scaled by 2^16

using TimexField = std::int64_t ClockDiscipline::*;

struct TimexFamily {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  TimexField field;
  double divisor;  // 0: nanoseconds or microseconds, depending on the status
};

constexpr double kAsStatusSays = 0;

constexpr std::array<TimexFamily, 15> kTimexFamilies = {{
    {"node_timex_offset_seconds", "How far the clock is from its reference.", kGauge,
     &ClockDiscipline::offset, kAsStatusSays},
    {"node_timex_maxerror_seconds", "The most that the clock may be wrong.", kGauge,
     &ClockDiscipline::maxerror, kMicro},
    {"node_timex_estimated_error_seconds", "How wrong the clock is, as estimated.", kGauge,
     &ClockDiscipline::esterror, kMicro},
    {"node_timex_status", "The status bits STA_*.", kGauge, &ClockDiscipline::status, 1},
    {"node_timex_loop_time_constant", "The time constant of the phase-locked loop.", kGauge,
     &ClockDiscipline::constant, 1},
    {"node_timex_tick_seconds", "Seconds between two ticks of the clock.", kGauge,
     &ClockDiscipline::tick, kMicro},
    {"node_timex_pps_frequency_hertz", "The frequency of the pulse per second.", kGauge,
     &ClockDiscipline::ppsfreq, kPartsPerMillion},
    {"node_timex_pps_jitter_seconds", "The jitter of the pulse per second.", kGauge,
     &ClockDiscipline::jitter, kAsStatusSays},
    {"node_timex_pps_shift_seconds", "The interval over which the pulse per second is measured.",
     kGauge, &ClockDiscipline::shift, 1},
    {"node_timex_pps_stability_hertz", "How much the frequency of the pulse per second changed.",
     kGauge, &ClockDiscipline::stabil, kPartsPerMillion},
    {"node_timex_pps_jitter_total", "Times that the pulse per second had too much jitter.",
     kCounter, &ClockDiscipline::jitcnt, 1},
    {"node_timex_pps_calibration_total", "Intervals that the pulse per second was calibrated in.",
     kCounter, &ClockDiscipline::calcnt, 1},
    {"node_timex_pps_error_total", "Calibrations of the pulse per second that failed.", kCounter,
     &ClockDiscipline::errcnt, 1},
    {"node_timex_pps_stability_exceeded_total",
     "Times that the frequency of the pulse per second changed too much.", kCounter,
     &ClockDiscipline::stbcnt, 1},
    {"node_timex_tai_offset_seconds", "How far International Atomic Time is ahead of UTC.", kGauge,
     &ClockDiscipline::tai, 1},
}};

// The kernel corrects offsets of at most half a second. One beyond this is an
// overflow at 2^32 ns, which has been observed on virtual machines.
constexpr double kOffsetOverflow = 4;

Result<std::vector<MetricSource>> collect_timex(Scrape& scrape, std::uint64_t& overflows) {
  auto read = scrape.node().clock->discipline();
  if (!read) {
    // A seccomp filter refuses it: nothing to repair on the node.
    if (read.error().reason == Reason::denied) read.error().reason = Reason::unsupported;
    return std::unexpected(std::move(read).error());
  }
  const double unit = (read->status & STA_NANO) != 0 ? kNano : kMicro;
  std::vector<MetricSource> families;
  for (const TimexFamily& family : kTimexFamilies) {
    const auto value = static_cast<double>((*read).*family.field);
    families.push_back(single(family.name, family.help, family.type,
                              value / (family.divisor == kAsStatusSays ? unit : family.divisor)));
  }
  if (std::abs(static_cast<double>(read->offset) / unit) > kOffsetOverflow) ++overflows;
  families.push_back(single("node_timex_offset_overflow_total",
                            "Scrapes in which the offset was above 4 s, which no clock has: an "
                            "overflow in the kernel.",
                            kCounter, static_cast<double>(overflows)));
  families.push_back(single("node_timex_frequency_adjustment_ratio",
                            "How fast the clock goes, 1 as its hardware does.", kGauge,
                            1 + static_cast<double>(read->freq) / kPartsPerMillion));
  families.push_back(single("node_timex_sync_status",
                            "Whether the clock is synchronized to a reliable server.", kGauge,
                            read->state == TIME_ERROR ? 0 : 1));
  return families;
}

}  // namespace

Collector timex_collector() {
  return {.name = "timex",
          .help = "clock discipline and synchronization (adjtimex)",
          .enabled_by_default = true,
          .make = [](const CollectorOptions&) -> Result<Collect> {
            return [overflows = std::make_shared<std::uint64_t>()](Scrape& scrape) {
              return collect_timex(scrape, *overflows);
            };
          }};
}

}  // namespace hostnet
