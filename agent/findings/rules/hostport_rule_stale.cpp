// A hostPort's rule outlived its pod.

#include <fmt/format.h>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/host_port_rules.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {
namespace {

// The pod that has no working hostPort because of the rule.
std::string unserved_words(const PortKey& key, const FindingContext& context) {
  for (const Declaration* declaration : context.host_ports_on(key)) {
    if (forwarding_of(*declaration, context) == Forwarding::by_rules) continue;
    return fmt::format(" No rule leads to {}, which declares the port.",
                       declarer(declaration->port));
  }
  return "";
}

}  // namespace

void hostport_rule_stale(const FindingContext& context, std::vector<Finding>& found) {
  if (!context.table.nat) return;
  for (const NatRule& rule : context.table.nat->rules()) {
    if (!is_stale(rule, context)) continue;
    for (const Protocol protocol : protocols_of(rule)) {
      const PortKey key{protocol, rule.scope.ports.first};
      Finding finding = finding_about_rule(Verdict::hostport_rule_stale, rule, protocol, context);
      finding.explanation = fmt::format(
          "A hostPort rule sends what arrives on {} to {}, which is no pod's address: the pod is "
          "gone.{}",
          port_name(key), destination_words(finding.held_by.front()), unserved_words(key, context));
      finding.remedy = "delete the rule; inspect with: " + show_rule_command(rule);
      found.push_back(std::move(finding));
    }
  }
}

}  // namespace hostnet::rules
