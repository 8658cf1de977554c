#include "netlink/nat/rule_collector.h"

#include <algorithm>
#include <utility>

#include "netlink/base/ranges.h"
#include "netlink/nat/join_addresses.h"

namespace hostnet {
namespace {

bool same_but_for_chance(PacketScope one, const PacketScope& other) {
  one.certainty = other.certainty;
  return one == other;
}

std::size_t listed_ports(const PortSpan& ports) {
  const unsigned count = ports.last - ports.first + 1U;
  return count > kMostListedPorts ? 1 : count;
}

}  // namespace

void RuleCollector::add(NatRule rule, const PacketScope& whole, const PacketTable& table) {
  if (is_another_backend(rule, table)) return add_backend(rule);
  last_table_ = &table;
  const std::size_t listed = listed_ports(rule.scope.ports);
  listed_ += listed;
  if (!rule.scope.family) {
    listed_ += listed;
    rule.scope.family = AddressFamily::ipv4;
    rules_.push_back(rule);
    whole_.push_back(whole);
    rule.scope.family = AddressFamily::ipv6;
  }
  rules_.push_back(std::move(rule));
  whole_.push_back(whole);
}

std::vector<NatRule> RuleCollector::joined(
    const std::function<bool(const PacketScope&)>& is_for_us) && {
  return join_addresses(std::move(rules_), whole_, is_for_us);
}

// The last rule took a share of the same packets, and this one takes another share.
bool RuleCollector::is_another_backend(const NatRule& rule, const PacketTable& table) const {
  if (rules_.empty() || last_table_ != &table) return false;
  const NatRule& last = rules_.back();
  return rule.effect == NatEffect::dnat && last.effect == NatEffect::dnat &&
         same_but_for_chance(last.scope, rule.scope) && last.scope.certainty != Certainty::certain;
}

void RuleCollector::add_backend(const NatRule& rule) {
  NatRule& last = rules_.back();
  const bool unknown = last.scope.certainty == Certainty::unknown;
  if (!unknown) last.scope.certainty = std::min(last.scope.certainty, rule.scope.certainty);
  for (const NatTarget& target : rule.targets) {
    if (last.targets.size() < kMostTargets) add_once(last.targets, target);
  }
  // Keeps the chains that both passed through.
  const auto [end, other] = std::ranges::mismatch(last.chains, rule.chains);
  last.chains.erase(end, last.chains.end());
}

}  // namespace hostnet
