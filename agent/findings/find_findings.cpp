#include "agent/findings/find_findings.h"

#include <algorithm>
#include <tuple>

#include "agent/findings/context.h"

namespace hostnet {
namespace {

auto order_of_findings(const Finding& finding) {
  return std::tuple(class_of(finding.verdict), finding.severity, finding.port, finding.protocol,
                    finding.verdict, std::string_view(finding.id));
}

std::vector<Finding> all_findings(const FindingContext& context) {
  std::vector<Finding> found;
  find_conflicts(context, found);
  find_rules_of_host_ports(context, found);
  find_declaration_risks(context, found);
  find_undeclared_listeners(context, found);
  find_node_risks(context, found);
  std::ranges::sort(found, finding_comes_before);
  const auto repeated = std::ranges::unique(found, {}, &Finding::id);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

std::vector<std::uint16_t> unsatisfied_ports(const FindingContext& context) {
  std::vector<std::uint16_t> ports;
  for (const Declaration& declaration : context.declarations) {
    if (declaration.rejected || declaration.port.mode != PortMode::host_network) continue;
    if (listen_state(declaration, context) == ListenState::no)
      ports.push_back(declaration.port.port);
  }
  std::ranges::sort(ports);
  const auto repeated = std::ranges::unique(ports);
  ports.erase(repeated.begin(), repeated.end());
  return ports;
}

}  // namespace

NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now) {
  const FindingContext context(table, pods, policy, now);
  return {.findings = all_findings(context), .ports_not_listening = unsatisfied_ports(context)};
}

bool finding_comes_before(const Finding& one, const Finding& other) {
  return order_of_findings(one) < order_of_findings(other);
}

std::vector<Finding> find_findings(const PortSnapshot& table, const PodSnapshot& pods,
                                   const Policy& policy, WallTime now) {
  return all_findings(FindingContext(table, pods, policy, now));
}

}  // namespace hostnet
