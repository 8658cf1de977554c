#include "agent/metrics/network_changes.h"

#include <utility>

#include "collectors/framework/families.h"

namespace hostnet {

std::vector<MetricSource> network_change_families(const NetworkChangeCounts& counts) {
  FamilyList families;
  for (std::size_t i = 0; i < kNetworkObjects; ++i) {
    const auto object = static_cast<NetworkObject>(i);
    if (object == NetworkObject::neighbour && !counts.neighbours) continue;
    const auto add = [&](std::string_view change, std::uint64_t value) {
      families.add(
          "hostnet_network_changes_total",
          "Network objects added or changed (new) and deleted (del), as reported by the kernel.",
          kCounter, {{"change", change}, {"object", to_string(object)}},
          static_cast<double>(value));
    };
    add("del", counts.went.at(i));
    add("new", counts.came.at(i));
  }
  return families.take();
}

ProvidedCollector network_changes_collector(std::function<Result<NetworkChangeCounts>()> counts) {
  const bool enabled = counts != nullptr;
  return {.name = "network_changes",
          .enabled = enabled,
          .collect = [counts = std::move(counts)](Scrape&) -> Result<std::vector<MetricSource>> {
            const auto now = counts();
            if (!now) return std::unexpected(now.error());
            return network_change_families(*now);
          }};
}

}  // namespace hostnet
