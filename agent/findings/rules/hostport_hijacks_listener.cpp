// A hostPort takes the traffic of other owners' listeners on its port.

#include <fmt/format.h>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> hostport_hijacks_listener(const Declaration& declaration,
                                                 const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || port.mode != PortMode::host_port) return {};
  const Holders listeners = hijacked_listeners(declaration, context);
  if (listeners.empty()) return {};
  const Holder& first = *listeners.front();
  Finding finding = finding_about(Verdict::hostport_hijacks_listener, declaration, context);
  if (terminating_in_grace(*declaration.pod, context.now)) finding.severity = Severity::info;
  add_holders(finding, listeners);
  std::string arriving = "what arrives";
  const Holders rules = rules_serving(declaration, context);
  for (const Holder* listener : listeners) {
    const Hijack hijack = hijack_of(*listener, rules, context);
    add_holders(finding, hijack.rules);
    if (listener == &first && hijack.taken.any()) {
      arriving = describe_traffic(first, hijack, context);
    }
  }
  finding.explanation =
      fmt::format("{}, but the hostPort of {} sends {} on {} to the pod instead.",
                  describe_holder(first), declarer(port), arriving, port_name(port));
  finding.remedy = remedy_against(first, port);
  return finding;
}

}  // namespace hostnet::rules
