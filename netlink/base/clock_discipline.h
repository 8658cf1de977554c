#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace hostnet {

// How the kernel steers its clock: what adjtimex(2) returns (`state`, TIME_OK to
// TIME_ERROR) and the fields of its struct timex, by their names and in its units.
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

}  // namespace hostnet
