#include "netlink/nat/packets/nat_rule.h"

#include <fmt/format.h>

namespace hostnet {

namespace {

// "ip filter INPUT:".
std::string place_of(const NatRule& rule) {
  const std::string family =
      rule.scope.family ? (*rule.scope.family == AddressFamily::ipv4 ? "ip" : "ip6") : "inet";
  return fmt::format("{} {} {}:", family, rule.table, rule.chains.back());
}

}  // namespace

std::string words_of_policy(const NatRule& rule) {
  return place_of(rule) + " policy drop";
}

std::string words_of_rule(const NatRule& rule) {
  std::string targets;
  for (const NatTarget& target : rule.targets) {
    if (!targets.empty()) targets += ", ";
    targets += target.to_string();
  }
  const std::string scope = to_string(rule.scope);
  std::string text = place_of(rule);
  if (!scope.empty()) text += " " + scope;
  if (rule.scope.is_conditional()) text += " (on a condition)";
  switch (rule.effect) {
    case NatEffect::dnat: text += " dnat"; break;
    case NatEffect::redirect: text += " redirect"; break;
    case NatEffect::tproxy: text += " tproxy"; break;
    case NatEffect::reject: text += " reject"; break;
    case NatEffect::drop: text += " drop"; break;
  }
  if (!targets.empty()) text += " to " + targets;
  return text;
}

}  // namespace hostnet
