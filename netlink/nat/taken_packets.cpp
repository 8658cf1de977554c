#include "netlink/nat/taken_packets.h"

#include <algorithm>
#include <optional>

namespace hostnet {
namespace {

// Beyond, some rules are told that no packet reaches: no harm.
constexpr std::size_t kMostWide = 1024;

std::optional<std::uint32_t> port_key(const PacketScope& scope) {
  if (!scope.ip_protocol || scope.ports.first != scope.ports.last) return std::nullopt;
  return std::uint32_t{*scope.ip_protocol} << 16U | scope.ports.first;
}

}  // namespace

void TakenPackets::add(const PacketScope& scope, std::size_t level) {
  if (scope.conditional || scope.random) return;
  if (const auto key = port_key(scope)) {
    by_port_[*key].push_back({scope, level});
    if (level == kForGood) return;
    if (to_forget_.size() <= level) to_forget_.resize(level + 1);
    to_forget_[level].push_back(*key);
  } else if (wide_.size() < kMostWide) {
    wide_.push_back({scope, level});
    wide_to_forget_ = wide_to_forget_ || level != kForGood;
  }
}

bool TakenPackets::contains(const PacketScope& scope) const {
  const auto covered = [&](const Entry& entry) { return covers(entry.scope, scope); };
  if (std::ranges::any_of(wide_, covered)) return true;
  const auto key = port_key(scope);
  if (!key) return false;
  const auto at = by_port_.find(*key);
  return at != by_port_.end() && std::ranges::any_of(at->second, covered);
}

void TakenPackets::leave(std::size_t level) {
  const auto inside = [&](const Entry& entry) { return entry.level >= level; };
  for (std::size_t at = level; at < to_forget_.size(); ++at) {
    for (const std::uint32_t key : to_forget_[at]) std::erase_if(by_port_[key], inside);
    to_forget_[at].clear();
  }
  if (wide_to_forget_) std::erase_if(wide_, inside);
}

}  // namespace hostnet
