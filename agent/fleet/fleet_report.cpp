#include "agent/fleet/fleet_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "agent/fleet/agents/node_json.h"
#include "agent/render/exit_codes.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "agent/verdicts/severities.h"
#include "netlink/base/escape.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

Severity severity_of(const FleetFinding& finding) {
  return find_named(kSeverities, finding.severity).value_or(Severity::info);
}

bool is_complete(const FleetReport& report) {
  return all_complete(report.nodes) && report.findings_cut == 0;
}

bool is_conflict(const FleetFinding& finding) {
  return finding.class_ == "conflict";
}

auto order_of(const FleetFinding& finding) {
  std::string_view port = finding.port;
  return std::tuple(std::ranges::find(kSeverities, severity_of(finding)), !is_conflict(finding),
                    take_number<int>(port).value_or(0), std::string_view(finding.port),
                    std::string_view(finding.verdict), std::string_view(finding.node));
}

std::string counts_words(const FleetReport& report) {
  const auto conflicts =
      static_cast<std::size_t>(std::ranges::count_if(report.findings, is_conflict));
  std::set<std::string_view> nodes;
  for (const FleetFinding& finding : report.findings) nodes.insert(finding.node);
  std::string words = fmt::format("{}, {} on {}", counted(conflicts, "conflict", "conflicts"),
                                  counted(report.findings.size() - conflicts, "risk", "risks"),
                                  counted(nodes.size(), "node", "nodes"));
  if (report.findings_cut > 0) words += fmt::format("; {} more left out", report.findings_cut);
  return words;
}

std::string names_of_nodes(const FleetReport& report) {
  std::set<std::string> names;
  for (const FleetFinding& finding : report.findings) names.insert(terminal_text(finding.node));
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  return text;
}

std::vector<std::string> row_of(const FleetFinding& finding, const FleetReport& report, bool wide) {
  std::vector<std::string> row{finding.node,
                               finding.port,
                               finding.verdict,
                               finding.stale ? finding.severity + " (stale)" : finding.severity,
                               finding.declared_by,
                               finding.held_by,
                               finding.since ? age(report.generated_at - *finding.since) : "",
                               finding.remedy};
  if (wide) row.insert(row.end(), {finding.host_ip, finding.workload, finding.explanation});
  return row;
}

}  // namespace

void sort_findings(FleetReport& report) {
  std::ranges::stable_sort(report.findings, {}, order_of);
  if (report.findings.size() <= kMostFindingsOfAFleet) return;
  report.findings_cut += report.findings.size() - kMostFindingsOfAFleet;
  report.findings.resize(kMostFindingsOfAFleet);
}

std::string fleet_text(const FleetReport& report, const TextStyle& style) {
  if (style.names) return names_of_nodes(report);
  std::vector<std::string> header{"NODE",        "PORT",    "VERDICT", "SEVERITY",
                                  "DECLARED BY", "HELD BY", "SINCE",   "WHAT TO DO"};
  if (style.wide) header.insert(header.end(), {"HOST IP", "WORKLOAD", "EXPLANATION"});
  TextTable table(std::move(header));
  for (const FleetFinding& finding : report.findings) {
    table.add(row_of(finding, report, style.wide));
  }
  const std::string summary =
      fmt::format("{}; {}", counts_words(report), answered_words(report.nodes));
  return table.text(style) + doubts_text(report.nodes, style.width) + folded(summary, style.width);
}

std::string fleet_json(const FleetReport& report) {
  std::string text = fleet_envelope(report.from, report.generated_at, is_complete(report));
  text += fmt::format(R"(,"nodes":{},"findings_cut":{},"findings":[)", nodes_json(report.nodes),
                      report.findings_cut);
  bool first = true;
  for (const FleetFinding& finding : report.findings) {
    if (!std::exchange(first, false)) text += ',';
    text += with_node(finding.node, finding.json);
  }
  return text + "]}\n";
}

int exit_code_of(const FleetReport& report) {
  if (!all_answered(report.nodes)) return kIncompleteExit;
  const bool some = std::ranges::any_of(report.findings, [](const FleetFinding& finding) {
    return severity_of(finding) != Severity::info;
  });
  return some ? 1 : is_complete(report) ? 0 : kIncompleteExit;
}

}  // namespace hostnet
