#include "netlink/nat/packets/taken_packets.h"

#include <algorithm>

namespace hostnet {

std::optional<TakenPackets::Key> TakenPackets::key_of(const PacketScope& scope) {
  if (!scope.ip_protocol || scope.ports.first != scope.ports.last) return std::nullopt;
  return Key{.port = scope.ports.first, .ip_protocol = *scope.ip_protocol};
}

template <class Counts>
std::vector<PacketScope> TakenPackets::without(const PacketScope& scope, Counts counts) const {
  std::vector<PacketScope> rest{scope};
  const auto take_away = [&](const Entry& entry) {
    if (!counts(entry) || rest.empty() || rest.size() > kMostParts) return;
    rest = difference(rest, entry.scope);
  };
  std::ranges::for_each(wide_, take_away);
  const auto first = by_port_.lower_bound({.port = scope.ports.first, .ip_protocol = 0});
  for (auto at = first; at != by_port_.end() && at->first.port <= scope.ports.last; ++at) {
    if (scope.ip_protocol.value_or(at->first.ip_protocol) != at->first.ip_protocol) continue;
    std::ranges::for_each(at->second, take_away);
  }
  return rest;
}

void TakenPackets::add(const PacketScope& scope, std::size_t level) {
  if (scope.certainty != Certainty::certain) return;
  const auto is_inside = [&](const Entry& entry) { return entry.level > level; };
  for (const PacketScope& part : without(scope, is_inside)) insert(part, level);
}

void TakenPackets::insert(const PacketScope& scope, std::size_t level) {
  const auto key = key_of(scope);
  if (!key) {
    wide_.push_back({scope, level});
    return;
  }
  by_port_[*key].push_back({scope, level});
  if (level == kForGood) return;
  if (to_forget_.size() <= level) to_forget_.resize(level + 1);
  to_forget_[level].push_back(*key);
}

bool TakenPackets::has_all(const PacketScope& scope) const {
  const auto has = [&](const Entry& entry) { return covers(entry.scope, scope); };
  if (std::ranges::any_of(wide_, has)) return true;
  const auto key = key_of(scope);
  const auto at = key ? by_port_.find(*key) : by_port_.end();
  return at != by_port_.end() && std::ranges::any_of(at->second, has);
}

std::optional<std::vector<PacketScope>> TakenPackets::rest_of(const PacketScope& scope) const {
  auto rest = without(scope, [](const Entry&) { return true; });
  if (rest.size() > kMostParts) return std::nullopt;
  std::ranges::stable_sort(rest, {}, &PacketScope::ports);
  return rest;
}

void TakenPackets::leave(std::size_t level) {
  const auto inside = [&](const Entry& entry) { return entry.level >= level; };
  for (std::size_t at = level; at < to_forget_.size(); ++at) {
    for (const Key& key : to_forget_[at]) std::erase_if(by_port_[key], inside);
    to_forget_[at].clear();
  }
  std::erase_if(wide_, inside);
}

}  // namespace hostnet
