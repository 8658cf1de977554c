#include "netlink/nat/taken_packets.h"

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

bool TakenPackets::contains(const PacketScope& scope) const {
  const auto covered = [&](const Entry& entry) { return covers(entry.scope, scope); };
  if (std::ranges::any_of(wide_, covered)) return true;
  auto key = key_of(scope);
  if (!key) return false;
  if (covered_at(*key, scope)) return true;
  if (!key->address) return false;  // nothing about one address covers it
  key->address.reset();
  return covered_at(*key, scope);
}

bool TakenPackets::covered_at(const Key& key, const PacketScope& scope) const {
  const auto at = by_port_.find(key);
  return at != by_port_.end() && std::ranges::any_of(at->second, [&](const Entry& entry) {
           return covers(entry.scope, scope);
         });
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
