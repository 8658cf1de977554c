#include "tests/findings/nat_scene.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace hostnet {

NatTarget nat_target(std::string_view text) {
  const auto colon = text.rfind(':');
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  NatTarget target{.address = ip(address), .last_address = {}};
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), target.port);
  target.last_port = target.port;
  return target;
}

NatRule host_port_rule(std::uint16_t port, std::string_view target) {
  NatRule rule;
  rule.table = "nat";
  rule.targets = {nat_target(target)};
  rule.scope.family = rule.targets.front().address->family;
  rule.scope.ip_protocol = IPPROTO_TCP;
  rule.scope.ports = {port, port};
  rule.scope.local_only = true;
  rule.prerouting = rule.output = true;
  rule.chains = {"PREROUTING", "CNI-HOSTPORT-DNAT", "CNI-DN-1"};
  rule.owner = RuleOwner::cni_portmap;
  rule.sandbox_id = "sandbox";
  rule.text = "ip nat CNI-DN-1: " + to_string(rule.scope) + " dnat to " + std::string(target);
  return rule;
}

NatRule node_port_rule(std::uint16_t port, const std::vector<std::string>& targets) {
  NatRule rule = host_port_rule(port, targets.front());
  rule.targets.clear();
  std::ranges::transform(targets, std::back_inserter(rule.targets), nat_target);
  rule.chains = {"PREROUTING", "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-SVC-X"};
  rule.owner = RuleOwner::kube_proxy;
  rule.sandbox_id.clear();
  rule.service = "shop/web:http";
  return rule;
}

Pod web_pod(std::uint16_t port) {
  Pod pod = cni_pod("web", "uid-web");
  pod.pod_ips = {"10.244.0.7"};
  return with_port(pod, port);
}

Holder nginx_listener(std::string_view address, std::uint16_t port) {
  return listener(address, port, unit_owner("nginx.service", "nginx", 8));
}

NatScene& NatScene::rule(NatRule rule) {
  std::vector<NatRule> rules;
  if (table.nat) rules = table.nat->rules();
  rules.push_back(std::move(rule));
  see(std::move(rules));
  return *this;
}

NatScene& NatScene::no_rules() {
  see({});
  return *this;
}

void NatScene::see(std::vector<NatRule> rules) {
  std::erase_if(table.holders, [](const Holder& holder) { return holder.nat != nullptr; });
  table.nat = std::make_shared<const NatRules>(NatRules::Facts{
      .rules = std::move(rules), .complete = complete, .has_forwarder = has_forwarder});
  table.pods_by_container =
      containers ? std::make_shared<const PodsByContainer>(*containers) : nullptr;
  table.pods = std::make_shared<const PodIndex>(std::make_shared<const PodSnapshot>(pods));
  for (const NatRule& rule : table.nat->rules()) {
    for (const Protocol protocol : protocols_of(rule)) {
      table.holders.push_back(holder_of_rule(table, rule, protocol, rule.scope.ports.first));
    }
  }
}

}  // namespace hostnet
