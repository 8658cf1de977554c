// This kernel does not show who holds ports of that protocol.

#include <fmt/format.h>

#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> unsupported_protocol(const Declaration& declaration,
                                            const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (port.protocol != Protocol::sctp || context.table.coverage.sctp) return {};
  Finding finding = finding_about(Verdict::unsupported_protocol, declaration, context);
  finding.explanation = fmt::format(
      "{} declares {}, but this kernel does not show SCTP sockets, so its holder is unknown.",
      declarer(port), port_name(port));
  finding.remedy = "modprobe sctp_diag, if the pod needs SCTP";
  return finding;
}

}  // namespace hostnet::rules
