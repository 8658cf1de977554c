#include "agent/pods/scheduler_ports.h"

#include <algorithm>
#include <ranges>

namespace hostnet {

bool scheduler_keeps_apart(const DeclaredPort& one, const DeclaredPort& other) {
  constexpr std::string_view kAny = "0.0.0.0";
  return one.protocol == other.protocol && one.port == other.port &&
         (one.host_ip == other.host_ip || one.host_ip == kAny || other.host_ip == kAny);
}

bool scheduler_ignores_sidecars(const std::optional<std::vector<int>>& version) {
  static const std::vector<int> kCounts{1, 33, 6};
  if (!version) return false;
  const bool known = !std::ranges::equal(*version, kCounts | std::views::take(version->size()));
  return known && *version < kCounts;
}

}  // namespace hostnet
