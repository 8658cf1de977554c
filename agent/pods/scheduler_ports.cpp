#include "agent/pods/scheduler_ports.h"

#include <algorithm>
#include <ranges>

namespace hostnet {

bool scheduler_separates(std::string_view host_ip, std::string_view other) {
  const auto any = [](std::string_view ip) { return ip.empty() || ip == "0.0.0.0"; };
  return !any(host_ip) && !any(other) && host_ip != other;
}

bool scheduler_keeps_apart(const DeclaredPort& one, const DeclaredPort& other) {
  return one.protocol == other.protocol && one.port == other.port &&
         !scheduler_separates(one.host_ip, other.host_ip);
}

bool scheduler_ignores_sidecars(const std::optional<std::vector<int>>& version) {
  static const std::vector<int> kCounts{1, 33, 6};
  if (!version) return false;
  const bool known = !std::ranges::equal(*version, kCounts | std::views::take(version->size()));
  return known && *version < kCounts;
}

}  // namespace hostnet
