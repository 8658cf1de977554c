// The pod listens on its port, and so does another owner.

#include <fmt/format.h>

#include "agent/findings/context/holders.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> shared_port(const Declaration& declaration, const FindingContext& context) {
  if (declaration.rejected || listen_state(declaration, context) != ListenState::yes) return {};
  const Holders holders = holders_that_share(declaration, context);
  if (holders.empty()) return {};
  const DeclaredPort& port = declaration.port;
  const Holder& holder = *holders.front();
  Finding finding = finding_about(Verdict::shared_port, declaration, context);
  add_holders(finding, holders);
  finding.explanation = fmt::format(
      "{} too, with SO_REUSEPORT: the kernel gives it a share of what arrives for {} on {}.",
      describe_holder(holder), declarer(port), port_name(port));
  finding.remedy = remedy_against(holder, port);
  if (leaves_in_grace(holder, context)) {
    finding.severity = Severity::info;
    finding.remedy = kWaitForTheHolder;
  }
  return finding;
}

}  // namespace hostnet::rules
