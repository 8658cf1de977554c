#include "netlink/nat/packets/taken_packets.h"

#include <algorithm>

namespace hostnet {
namespace {

// Beyond, some rules are told that no packet reaches: no harm.
constexpr std::size_t kMostWide = 1024;

}  // namespace

std::size_t TakenPackets::Hash::operator()(const Key& key) const {
  std::size_t hash = std::size_t{key.ip_protocol} << 16U | key.port;
  if (!key.address) return hash;
  for (const std::uint8_t byte : key.address->bytes) hash = hash * 31 + byte;
  return hash;
}

std::optional<TakenPackets::Key> TakenPackets::key_of(const PacketScope& scope) {
  if (!scope.ip_protocol || scope.ports.first != scope.ports.last) return std::nullopt;
  Key key{.ip_protocol = *scope.ip_protocol, .port = scope.ports.first, .address = {}};
  if (scope.destination && scope.destination->first == scope.destination->last) {
    key.address = scope.destination->first;
  }
  return key;
}

void TakenPackets::add(const PacketScope& scope, std::size_t level) {
  if (scope.conditional || scope.random) return;
  if (const auto key = key_of(scope)) {
    by_port_[*key].push_back({scope, level});
    if (level == kForGood) return;
    if (to_forget_.size() <= level) to_forget_.resize(level + 1);
    to_forget_[level].push_back(*key);
  } else if (wide_.size() < kMostWide) {
    wide_.push_back({scope, level});
    wide_to_forget_ = wide_to_forget_ || level != kForGood;
  }
}

std::optional<PacketScope> TakenPackets::rest_of(const PacketScope& scope) const {
  PacketScope rest = scope;
  for (const Entry& entry : wide_) {
    if (!take_away(entry, rest)) return std::nullopt;
  }
  auto key = key_of(scope);
  if (!key) return rest;
  if (!take_away_at(*key, rest)) return std::nullopt;
  if (!key->address) return rest;  // nothing about one address covers it
  key->address.reset();
  if (!take_away_at(*key, rest)) return std::nullopt;
  return rest;
}

bool TakenPackets::take_away_at(const Key& key, PacketScope& scope) const {
  const auto at = by_port_.find(key);
  return at == by_port_.end() || std::ranges::all_of(at->second, [&](const Entry& entry) {
           return take_away(entry, scope);
         });
}

bool TakenPackets::take_away(const Entry& entry, PacketScope& scope) {
  if (covers(entry.scope, scope)) return false;
  if (!entry.scope.arrives_on) return true;
  PacketScope of_all = entry.scope;
  of_all.arrives_on.reset();
  if (!covers(of_all, scope)) return true;
  PacketScope others;
  others.arrives_on = entry.scope.arrives_on;
  others.arrives_on->other = !others.arrives_on->other;
  const auto rest = intersection(scope, others);
  if (!rest) return false;
  // Two names of which neither is among the other's: left as it was.
  if (rest->conditional == scope.conditional) scope = *rest;
  return true;
}

void TakenPackets::leave(std::size_t level) {
  const auto inside = [&](const Entry& entry) { return entry.level >= level; };
  for (std::size_t at = level; at < to_forget_.size(); ++at) {
    for (const Key& key : to_forget_[at]) std::erase_if(by_port_[key], inside);
    to_forget_[at].clear();
  }
  if (wide_to_forget_) std::erase_if(wide_, inside);
}

}  // namespace hostnet
