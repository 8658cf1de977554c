#include "netlink/nat/ipvs/ipvs_rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hostnet {
namespace {

std::string text_of_ipvs(const NatRule& rule, const IpvsService& service) {
  std::vector<std::string> targets;
  for (const NatTarget& target : rule.targets) targets.push_back(target.to_string());
  const std::string scheduler = service.scheduler.empty() ? "" : " " + service.scheduler;
  const std::string to = rule.effect == NatEffect::reject ? "refused: no server"
                         : targets.empty()                ? "to servers that were not asked for"
                                           : fmt::format("to {}", fmt::join(targets, ", "));
  return fmt::format("ipvs: {}{} {}", to_string(rule.scope), scheduler, to);
}

// The servers that accept connections.
std::vector<NatTarget> targets_of(const std::vector<IpvsServer>& servers) {
  std::vector<NatTarget> targets;
  for (const IpvsServer& server : servers) {
    if (server.weight == 0 || targets.size() >= kMostTargets) continue;
    targets.push_back({.address = server.address,
                       .last_address = {},
                       .port = server.port,
                       .last_port = server.port});
  }
  return targets;
}

}  // namespace

std::vector<NatRule> ipvs_rules(const IpvsTable& table, bool kube_proxy) {
  std::vector<NatRule> rules;
  for (const IpvsService& service : table.services) {
    NatRule rule{.source = NatSource::ipvs, .table = "ipvs", .scope = {}};
    rule.scope.family = service.address.family;
    rule.scope.ip_protocol = service.ip_protocol;
    if (service.port != 0) rule.scope.ports = {service.port, service.port};
    rule.scope.destination = AddressSpan{.first = service.address, .last = service.address};
    rule.prerouting = rule.output = true;
    if (service.servers) {
      rule.targets = targets_of(*service.servers);
      if (rule.targets.empty()) rule.effect = NatEffect::reject;
    }
    rule.owner = kube_proxy ? RuleOwner::kube_proxy : RuleOwner::other;
    rule.text = text_of_ipvs(rule, service);
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace hostnet
