// Another owner's rule takes the traffic of a hostPort.

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/ports/pod_index.h"
#include "netlink/nat/recognize.h"

namespace hostnet::rules {
namespace {

// In a family that the pod has no address of, no traffic would reach it anyway.
bool is_of_the_pods_family(const NatRule& rule, const Pod& pod) {
  const auto& family = rule.scope.family;
  return !family || pod.pod_ips.empty() ||
         std::ranges::any_of(pod.pod_ips, [&](const std::string& text) {
           const auto ip = parse_ip(text);
           return ip && ip->family == *family;
         });
}

// Whether the rule certainly sends packets elsewhere than to the pod. NodePort rules only count if
// no rule serves the hostPort: a Service whose load balancer is such a hostPort (k3s' servicelb)
// also has rules for addresses of the node.
bool takes_the_pods_traffic(const Holder& holder, const Declaration& declaration,
                            const FindingContext& context) {
  const NatRule& rule = *holder.nat;
  if (rule.scope.is_conditional() || !takes_from_outside(holder)) return false;
  if (is_host_port(rule) && holder.owner.container_runtime.empty()) return false;
  if (is_of_pod(holder, declaration.port)) return false;
  if (leads_to_pod(rule, *declaration.pod) != false) return false;
  if (!is_of_the_pods_family(rule, *declaration.pod)) return false;
  if (is_node_port(rule) && forwarding_of(declaration, context) != Forwarding::missing)
    return false;
  const auto& destination = rule.scope.destination;
  return !destination || std::ranges::any_of(expected_addresses(declaration, context.table),
                                             [&](auto& ip) { return destination->contains(ip); });
}

}  // namespace

std::optional<Finding> hijacked_host_port(const Declaration& declaration,
                                          const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (!is_running_host_port(declaration)) return {};
  Holders rules = context.rules_on(port);
  std::erase_if(rules, [&](const Holder* rule) {
    return !takes_the_pods_traffic(*rule, declaration, context);
  });
  if (rules.empty()) return {};
  const Holder& rule = *rules.front();
  const Verdict verdict = hijack_verdict(rule).value_or(Verdict::nat_rule_hijacks_listener);
  Finding finding = finding_about(verdict, declaration, context);
  add_holders(finding, rules);
  const auto& destination = rule.nat->scope.destination;
  finding.explanation = fmt::format(
      "{} declares hostPort {}, but {} sends what arrives{} to {} instead.", declarer(port),
      port_name(port), taker_words(rule, context),
      destination ? fmt::format(" at {}", destination->to_string()) : "", destination_words(rule));
  finding.remedy = remedy_against_rule(rule, "the pod's hostPort", context);
  return finding;
}

}  // namespace hostnet::rules
