// A Service may be given the port as its NodePort.

#include <fmt/format.h>

#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"

namespace hostnet::rules {

std::optional<Finding> in_node_port_range(const Declaration& declaration,
                                          const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  const auto& range = context.policy.node_port_range;
  if (!range.contains(port.port)) return {};
  Finding finding = finding_about(Verdict::in_node_port_range, declaration, context);
  finding.explanation = fmt::format(
      "{} declares {}, which Kubernetes may give to any Service as its NodePort ({}-{}) and then "
      "takes the traffic.",
      declarer(port), port_name(port), range.first, range.last);
  finding.remedy = fmt::format("give the pod a port that is not in {}-{}", range.first, range.last);
  return finding;
}

}  // namespace hostnet::rules
