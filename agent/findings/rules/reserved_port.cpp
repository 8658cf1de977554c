// Cluster components or standard services use the port by convention.

#include <fmt/format.h>

#include <set>

#include "agent/config/port_numbers.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

void reserved_port(const FindingContext& context, std::vector<Finding>& found) {
  std::set<PortKey> covered;  // by earlier findings
  for (const Finding& finding : found) {
    if (finding.port && finding.protocol) covered.emplace(*finding.protocol, *finding.port);
  }
  for (const Declaration& declaration : context.declarations) {
    const DeclaredPort& port = declaration.port;
    if (declaration.rejected || covered.contains({port.protocol, port.port})) continue;
    const ReservedPorts* reservation = reservation_of(port.protocol, port.port, context.policy);
    if (reservation == nullptr) continue;
    if (listen_state(declaration, context) != ListenState::no) continue;
    Finding finding = finding_about(Verdict::reserved_port, declaration, context);
    finding.explanation = fmt::format("{} declares {}, which is {}'s by convention.",
                                      declarer(port), port_name(port), reservation->reason);
    finding.remedy = "change the pod's port, or take it out of reserved_ports in --config.file";
    found.push_back(std::move(finding));
  }
}

}  // namespace hostnet::rules
