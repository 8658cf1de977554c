// A hostPort's rule also takes packets that are only routed through the node.

#include <fmt/format.h>

#include "agent/findings/context/host_port_rules.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "netlink/nat/recognize.h"

namespace hostnet::rules {

void hostport_rule_unguarded(const FindingContext& context, std::vector<Finding>& found) {
  if (!context.table.nat) return;
  for (const NatRule& rule : context.table.nat->rules()) {
    if (!is_unguarded(rule)) continue;
    for (const Protocol protocol : protocols_of(rule)) {
      Finding finding =
          finding_about_rule(Verdict::hostport_rule_unguarded, rule, protocol, context);
      finding.explanation = fmt::format(
          "CNI portmap's rule for hostPort {} does not match on this node's addresses, so it also "
          "takes what other machines and pods send through the node to that port of any address "
          "(CVE-2025-67499).",
          port_name({protocol, rule.scope.ports.first}));
      finding.remedy =
          "upgrade the CNI plugins to 1.9.0 or newer and restart the pods with hostPorts";
      found.push_back(std::move(finding));
    }
  }
}

}  // namespace hostnet::rules
