#include "netlink/base/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace hostnet {

std::string rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto rest = duration_cast<milliseconds>(time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / 3'600'000, rest / 60'000 % 60, rest / 1'000 % 60, rest % 1'000);
}

std::string age(std::chrono::milliseconds duration) {
  const auto seconds = std::max<std::int64_t>(duration.count() / 1'000, 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3'600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{}m", seconds / 3'600, seconds / 60 % 60);
  return fmt::format("{}d{}h", seconds / 86'400, seconds / 3'600 % 24);
}

}  // namespace hostnet
