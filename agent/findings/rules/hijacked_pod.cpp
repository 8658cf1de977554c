// NAT rules take the traffic of a pod on the host network.

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/overlap.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {
namespace {

// Whether the rule matches more than other addresses of the node: a virtual address that keepalived
// moves between nodes has its own rules.
bool is_about_the_pods_address(const NatRule& rule, const Holder& server,
                               const Declaration& declaration, const FindingContext& context) {
  const auto& destination = rule.scope.destination;
  if (!destination || !server.socket.local.unmapped().is_wildcard()) return true;
  return std::ranges::any_of(expected_addresses(declaration, context.table),
                             [&](auto& ip) { return destination->contains(ip); });
}

// Whether it redirects to another port of the same pod.
bool redirects_to_pod(const NatRule& rule, const Declaration& declaration,
                      const FindingContext& context) {
  return std::ranges::any_of(context.table.holders, [&](const Holder& holder) {
    const Socket& socket = holder.socket;
    return socket.is_server() && socket.protocol == declaration.port.protocol &&
           std::ranges::any_of(rule.targets,
                               [&](const NatTarget& target) {
                                 return !target.address && target.port == socket.local_port;
                               }) &&
           relation_of(holder, declaration, context) == Relation::own;
  });
}

// Whether another owner's rule certainly takes packets from other machines.
bool is_hijacked_by(const Holder& rule, const Holder& server, const Declaration& declaration,
                    const FindingContext& context) {
  return !rule.nat->scope.is_conditional() && !is_of_pod(rule, declaration.port) &&
         (takes_from_outside(rule) || server.socket.local.is_loopback()) &&
         is_about_the_pods_address(*rule.nat, server, declaration, context) &&
         !redirects_to_pod(*rule.nat, declaration, context);
}

// The rules of the verdict with the highest precedence.
std::pair<Verdict, Holders> judge_rules(const Holder& server, const Declaration& declaration,
                                        const FindingContext& context) {
  std::map<Verdict, Holders> by_verdict;
  for (const Holder* rule : context.rules_on(declaration.port)) {
    if (hijack_of(server, {rule}, context).rules.empty()) continue;
    const auto verdict = hijack_verdict(*rule);
    if (!verdict && !is_hijacked_by(*rule, server, declaration, context)) continue;
    by_verdict[verdict.value_or(Verdict::nat_rule_hijacks_listener)].push_back(rule);
  }
  if (by_verdict.empty()) return {};
  return *by_verdict.begin();
}

}  // namespace

std::optional<Finding> hijacked_pod(const Declaration& declaration, const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || listen_state(declaration, context) != ListenState::yes) return {};
  for (const Holder* server : context.holders_of(port)) {
    if (!is_hijacked_by_node_ports(*server, context)) continue;
    if (relation_of(*server, declaration, context) != Relation::own) continue;
    const auto [verdict, rules] = judge_rules(*server, declaration, context);
    if (rules.empty()) continue;
    Finding finding = finding_about(verdict, declaration, context);
    add_holders(finding, rules);
    const Holder& rule = *rules.front();
    finding.explanation =
        fmt::format("{} {}, but {} sends {} on {} to {} instead.", declarer(port),
                    what_it_does(*server), taker_words(rule, context),
                    describe_traffic(*server, hijack_of(*server, rules, context), context),
                    port_name(port), destination_words(rule));
    finding.remedy = remedy_against_rule(rule, "the pod's port", context);
    return finding;
  }
  return {};
}

}  // namespace hostnet::rules
