#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "netlink/nat/base_chains.h"
#include "netlink/nat/meet_filters.h"
#include "netlink/nat/packets/nat_rule.h"

namespace hostnet {

// The packet filters of the node at one moment. Immutable except for a cache: many scans share one
// and look up the same few packets.
class PortFilters {
 public:
  using Tables = std::shared_ptr<const std::vector<PacketTable>>;
  explicit PortFilters(std::vector<Tables> tables);

  // The rule that certainly drops or rejects it on its way (meet_filters.h); nullptr: it may pass.
  std::shared_ptr<const NatRule> ending(const ArrivingPacket& packet) const;

  static constexpr std::size_t kMostRemembered = 4096;

 private:
  std::vector<Tables> tables_;
  BaseChains bases_;
  mutable std::mutex mutex_;
  mutable std::map<ArrivingPacket, std::shared_ptr<const NatRule>> known_;  // guarded by the mutex
};

}  // namespace hostnet
