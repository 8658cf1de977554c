// A packet filter certainly drops or rejects packets from other machines to a declared port.
// Default-deny firewalls are common, and a port may be meant for this node only.

#include <fmt/format.h>

#include "agent/findings/context/filtered.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> port_filtered(const Declaration& declaration,
                                     const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected) return {};
  const auto filtered = filtered_declaration(declaration, context);
  if (!filtered) return {};
  Finding finding = finding_about(Verdict::port_filtered, declaration, context);
  finding.explanation = fmt::format("{} declares {}, but {}.", declarer(port), port_name(port),
                                    filtered_words(*filtered));
  finding.remedy = remedy_against_filter(*filtered->rules.front(), port.protocol, port.port);
  return finding;
}

}  // namespace hostnet::rules
