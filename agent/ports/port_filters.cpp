#include "agent/ports/port_filters.h"

#include <utility>

namespace hostnet {
namespace {

std::vector<const PacketTable*> all_of(const std::vector<PortFilters::Tables>& lists) {
  std::vector<const PacketTable*> all;
  for (const auto& tables : lists) {
    for (const PacketTable& table : *tables) all.push_back(&table);
  }
  return all;
}

}  // namespace

PortFilters::PortFilters(std::vector<Tables> tables)
    : tables_(std::move(tables)), bases_(all_of(tables_)) {}

std::shared_ptr<const NatRule> PortFilters::ending(const ArrivingPacket& packet) const {
  const std::scoped_lock lock(mutex_);
  if (const auto at = known_.find(packet); at != known_.end()) return at->second;
  std::shared_ptr<const NatRule> rule;
  if (auto met = meet_filters(bases_, packet)) {
    rule = std::make_shared<const NatRule>(*std::move(met));
  }
  if (known_.size() >= kMostRemembered) known_.clear();
  return known_.emplace(packet, std::move(rule)).first->second;
}

}  // namespace hostnet
