#include "agent/findings/find_findings.h"

#include <algorithm>
#include <tuple>

#include "agent/findings/look.h"

namespace hostnet {
namespace {

auto order_of_findings(const Finding& finding) {
  return std::tuple(class_of(finding.verdict), finding.severity, finding.port, finding.protocol,
                    finding.verdict, std::string_view(finding.id));
}

}  // namespace

bool finding_comes_before(const Finding& one, const Finding& other) {
  return order_of_findings(one) < order_of_findings(other);
}

std::vector<Finding> find_findings(const PortTable& table, const PodSnapshot& pods,
                                   const Policy& policy, WallTime now) {
  const Look look(table, pods, policy, now);
  std::vector<Finding> found;
  find_conflicts(look, found);
  find_declaration_risks(look, found);
  find_undeclared_listeners(look, found);
  find_node_risks(look, found);
  std::ranges::sort(found, finding_comes_before);
  const auto repeated = std::ranges::unique(found, {}, &Finding::id);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

}  // namespace hostnet
