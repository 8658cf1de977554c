// A hostPort without a rule that leads to its pod, on a node that forwards ports by such rules.

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/host_port_rules.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> hostport_not_programmed(const Declaration& declaration,
                                               const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || port.mode != PortMode::host_port) return {};
  if (port.phase != "Running" || port.terminating) return {};
  if (forwarding_of(declaration, context) != Forwarding::missing) return {};
  const Holders& elsewhere = context.rules_on(port);
  // Then hostport_rule_stale names the pod.
  if (std::ranges::any_of(elsewhere, [&](auto* rule) { return is_stale(*rule->nat, context); })) {
    return {};
  }
  Finding finding = finding_about(Verdict::hostport_not_programmed, declaration, context);
  add_holders(finding, elsewhere);
  finding.explanation =
      fmt::format("{} declares hostPort {}, but {}: nothing that arrives there reaches the pod.",
                  declarer(port), port_name(port),
                  elsewhere.empty() ? "no NAT rule forwards it"
                                    : fmt::format("the NAT rule for that port leads to {}",
                                                  destination_words(*elsewhere.front())));
  finding.remedy = fmt::format(
      "see what flushed the rules (firewalld, iptables-restore) or whether the CNI plugin ignores "
      "hostPorts; kubectl -n {} delete pod {} has them written anew",
      shell_word(port.namespace_), shell_word(port.pod));
  return finding;
}

}  // namespace hostnet::rules
