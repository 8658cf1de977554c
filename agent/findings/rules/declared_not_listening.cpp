// The pod is ready but does not listen on the port.

#include <fmt/format.h>

#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> declared_not_listening(const Declaration& declaration,
                                              const FindingContext& context) {
  constexpr std::chrono::seconds kReadyMeansItListens{60};
  const DeclaredPort& port = declaration.port;
  if (port.mode != PortMode::host_network || !context.table.coverage.every_owner) return {};
  if (port.protocol == Protocol::sctp && !context.table.coverage.sctp) return {};
  if (!ready_for(port, context.now, kReadyMeansItListens)) return {};
  if (listen_state(declaration, context) != ListenState::no) return {};
  Finding finding = finding_about(Verdict::declared_not_listening, declaration, context);
  finding.explanation =
      fmt::format("{} is ready but nothing in its pod listens on the {} that it declares.",
                  declarer(port), port_name(port));
  finding.remedy = "remove the port from the manifest, or make the program listen on it";
  return finding;
}

}  // namespace hostnet::rules
