// The scheduler does not see this declaration.

#include <fmt/format.h>

#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/pods/scheduler_ports.h"

namespace hostnet::rules {

std::optional<Finding> scheduler_blind(const Declaration& declaration,
                                       const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  const bool wildcard = port.host_ip == "::";
  const bool sidecar = port.container_type == ContainerType::sidecar &&
                       scheduler_ignores_sidecars(context.pods.server_version);
  if (!wildcard && !sidecar) return {};
  Finding finding = finding_about(Verdict::scheduler_blind, declaration, context);
  if (wildcard) {
    finding.explanation = fmt::format(
        "{} declares {} on host IP ::, which the scheduler treats as a single address, so it may "
        "place another pod with the same port here.",
        declarer(port), port_name(port));
    finding.remedy =
        "remove hostIP (or set it to 0.0.0.0), so that the scheduler sees the conflict";
    return finding;
  }
  finding.explanation = fmt::format(
      "{} is a sidecar, and this cluster's scheduler does not count the ports of sidecars, so it "
      "may place another pod with the same {} here.",
      declarer(port), port_name(port));
  finding.remedy =
      "upgrade Kubernetes to 1.33.6 or 1.34, or declare the port on a regular container";
  return finding;
}

}  // namespace hostnet::rules
