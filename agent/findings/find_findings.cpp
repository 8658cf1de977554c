#include "agent/findings/find_findings.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "agent/findings/rules/rules.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

auto order_of_findings(const Finding& finding) {
  return std::tuple(class_of(finding.verdict), finding.severity, finding.port, finding.protocol,
                    finding.verdict, std::string_view(finding.id));
}

void keep(Finding finding, const FindingContext& context, std::vector<Finding>& found) {
  if (finding.held_by.size() > most_listed(context)) {
    finding.held_by.resize(most_listed(context));
    finding.held_by.shrink_to_fit();
  }
  found.push_back(std::move(finding));
}

// Only the first conflict of a declaration counts, but all of its risks.
void judge_declaration(const Declaration& declaration, const FindingContext& context,
                       std::vector<Finding>& found) {
  for (auto* const rule : rules::kConflicts) {
    if (auto finding = rule(declaration, context)) {
      keep(*std::move(finding), context, found);
      break;
    }
  }
  if (declaration.rejected) return;
  for (auto* const rule : rules::kDeclarationRisks) {
    if (auto finding = rule(declaration, context)) keep(*std::move(finding), context, found);
  }
}

using DeclarationKey = std::tuple<Protocol, std::uint16_t, std::string, std::string, std::string>;

DeclarationKey key_of(const DeclaredPort& port) {
  return {port.protocol, port.port, port.namespace_, port.pod, port.container};
}

// If a conflict explains why the pod does not listen, advice to remove the port is no help.
void leave_out_explained(std::vector<Finding>& found) {
  std::set<DeclarationKey> in_conflict;
  for (const Finding& finding : found) {
    if (class_of(finding.verdict) != FindingClass::conflict) continue;
    for (const DeclaredPort& port : finding.declared_by) in_conflict.insert(key_of(port));
  }
  std::erase_if(found, [&](const Finding& finding) {
    return finding.verdict == Verdict::declared_not_listening &&
           in_conflict.contains(key_of(finding.declared_by.front()));
  });
}

std::vector<Finding> all_findings(const FindingContext& context) {
  std::vector<Finding> found;
  for (const Declaration& declaration : context.declarations) {
    judge_declaration(declaration, context, found);
  }
  for (auto* const rule : rules::kNodeRules) rule(context, found);
  leave_out_explained(found);
  std::ranges::sort(found, finding_comes_before);
  const auto repeated = std::ranges::unique(found, {}, &Finding::id);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

std::vector<std::uint16_t> ports_not_listening(const FindingContext& context) {
  std::vector<std::uint16_t> ports;
  for (const Declaration& declaration : context.declarations) {
    if (declaration.rejected || declaration.port.mode != PortMode::host_network) continue;
    if (listen_state(declaration, context) == ListenState::no) {
      ports.push_back(declaration.port.port);
    }
  }
  sort_unique(ports);
  return ports;
}

}  // namespace

NodeFindings judge_node(const PortSnapshot& table, const PodSnapshot& pods, const Policy& policy,
                        WallTime now) {
  const FindingContext context(table, pods, policy, now);
  return {.findings = all_findings(context), .ports_not_listening = ports_not_listening(context)};
}

bool finding_comes_before(const Finding& one, const Finding& other) {
  return order_of_findings(one) < order_of_findings(other);
}

}  // namespace hostnet
