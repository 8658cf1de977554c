#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "collectors/framework/runner.h"
#include "netlink/rtnetlink/network_change.h"

namespace hostnet {

// Events since the agent started, by NetworkObject.
struct NetworkChangeCounts {
  std::array<std::uint64_t, kNetworkObjects> came{}, went{};
  bool neighbours{};  // whether those are counted
  bool operator==(const NetworkChangeCounts&) const = default;
};

// hostnet_network_changes_total{object,change}: every object that is counted,
// with 0 too, so that increase() sees the first change. Pure.
std::vector<MetricSource> network_change_families(const NetworkChangeCounts& counts);

// The collector `network_changes`, switched off if `counts` is unset.
ProvidedCollector network_changes_collector(std::function<Result<NetworkChangeCounts>()> counts);

}  // namespace hostnet
