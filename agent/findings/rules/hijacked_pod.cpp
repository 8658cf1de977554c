// A pod on the node's own network, and rules that take what it listens for.

#include <fmt/format.h>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> hijacked_pod(const Declaration& declaration, const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || listen_state(declaration, context) != ListenState::yes) return {};
  for (const Holder* server : context.holders_of(port)) {
    if (!is_hijacked_by_node_ports(*server, context)) continue;
    if (relation_of(*server, declaration, context) != Relation::own) continue;
    Holders rules;
    std::optional<Verdict> verdict;
    for (const Holder* rule : context.rules_on(port)) {
      const auto of_rule = hijack_verdict(*rule->nat);
      if (!of_rule || hijack_of(*server, {rule}, context).rules.empty()) continue;
      if (!verdict) verdict = of_rule;
      if (verdict == of_rule) rules.push_back(rule);
    }
    if (!verdict) continue;
    Finding finding = finding_about(*verdict, declaration, context);
    add_holders(finding, rules);
    const Holder& rule = *rules.front();
    finding.explanation =
        fmt::format("{} {}, but {} sends {} on {} to {} instead.", declarer(port),
                    what_it_does(*server), taker_words(*rule.nat),
                    describe_traffic(*server, hijack_of(*server, rules, context), context),
                    port_name(port), destination_words(rule));
    finding.remedy = remedy_against_rule(rule, "the pod's port");
    return finding;
  }
  return {};
}

}  // namespace hostnet::rules
