#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/fleet/agents/node_json.h"
#include "agent/fleet/pending_pod.h"
#include "agent/render/json_parts.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

int rank_of_row(const PodRow& row) {
  if (row.verdict == "free" || row.verdict == "own") return 0;
  if (row.verdict == "unknown") return 3;
  return row.verdict == "declared" ? 2 : 1;
}

std::vector<const PodRow*> ordered_rows(const PodReport& report) {
  std::vector<const PodRow*> rows;
  for (const PodRow& row : report.rows) rows.push_back(&row);
  std::ranges::stable_sort(rows, {}, [](const PodRow* row) { return rank_of_row(*row); });
  return rows;
}

std::size_t nodes_with(const PodReport& report, int rank) {
  std::set<std::string_view> nodes;
  for (const PodRow& row : report.rows) {
    if (rank_of_row(row) == rank) nodes.insert(row.node);
  }
  return nodes.size();
}

std::string pod_name(const PodReport& report) {
  return report.wanted.pod.namespace_ + "/" + report.wanted.pod.name;
}

// "default/web-2 is Pending: 0/3 nodes are available: 3 node(s) didn't have free ports…"
std::string state_of_pod(const PodReport& report) {
  const Pod& pod = report.wanted.pod;
  std::string words = fmt::format("{} is {}", pod_name(report),
                                  pod.phase.empty() ? "in no known phase" : pod.phase);
  if (!pod.node_name.empty()) words += " on " + pod.node_name;
  if (!report.wanted.scheduler_says.empty()) words += ": " + report.wanted.scheduler_says;
  return words;
}

std::string pod_summary(const PodReport& report) {
  if (report.wanted.ports.empty()) {
    return "it declares no host port: ports are not what it waits for";
  }
  return fmt::format(
      "of {}: its ports are free on {}, declared by another pod on {}, held by something else on "
      "{}, unknown on {}; taints, affinity and resources are not judged",
      counted(report.nodes.size(), "node", "nodes"), nodes_with(report, 0), nodes_with(report, 2),
      nodes_with(report, 1), nodes_with(report, 3));
}

Json row_json(const PodRow& row) {
  return {{"node", row.node},       {"verdict", row.verdict},
          {"port", row.port},       {"declared_by", row.declared_by},
          {"held_by", row.held_by}, {"explanation", row.explanation}};
}

}  // namespace

std::string pod_report_text(const PodReport& report, const TextStyle& style) {
  TextTable table({"NODE", "VERDICT", "PORT", "DECLARED BY", "HELD BY", "EXPLANATION"});
  std::string names;
  for (const PodRow* row : ordered_rows(report)) {
    if (row->verdict == "free") names += terminal_text(row->node) + "\n";
    table.add(
        {row->node, row->verdict, row->port, row->declared_by, row->held_by, row->explanation});
  }
  if (style.names) return names;
  const auto line = [&](const std::string& text) {
    return folded(terminal_text(text), style.width);
  };
  return (table.empty() ? "" : table.text(style)) + doubts_text(report.nodes, style.width) +
         line(state_of_pod(report)) + line(pod_summary(report));
}

std::string pod_report_json(const PodReport& report) {
  const Json pod{{"namespace", report.wanted.pod.namespace_},
                 {"pod", report.wanted.pod.name},
                 {"phase", report.wanted.pod.phase},
                 {"node", report.wanted.pod.node_name},
                 {"scheduler", report.wanted.scheduler_says}};
  return fleet_envelope("agents", report.generated_at, all_complete(report.nodes)) +
         fmt::format(R"(,"pod":{},"nodes":{},"rows":{}}})", json_text(pod),
                     nodes_json(report.nodes), json_text(json_array(report.rows, row_json))) +
         "\n";
}

}  // namespace hostnet
