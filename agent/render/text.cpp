#include "agent/render/text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/render/report_words.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string severity_words(const Finding& finding) {
  std::string words(to_string(finding.severity));
  if (finding.stale) words += " (stale)";
  if (finding.ignored) words += " (ignored)";
  return words;
}

std::string address_words(const Holder& holder) {
  auto words = local_words(holder);
  if (!holder.device.empty() && holder.socket.interface != 0) words += "%" + holder.device;
  if (holder.socket.v6only.value_or(false) && holder.socket.local.is_wildcard()) {
    words += " (v6only)";
  }
  return words;
}

void add_to_list(std::string& list, const std::string& item) {
  if ((", " + list + ", ").find(", " + item + ", ") != std::string::npos) return;
  if (!list.empty()) list += ", ";
  list += item;
}

std::string_view bindable_words(const std::optional<bool>& bindable) {
  if (!bindable) return "unknown";
  return *bindable ? "yes" : "no";
}

}  // namespace

std::vector<PortRow> port_rows(const HostPort& port) {
  PortRow common{.port = port_words(port.port, port.protocol),
                 .findings = verdicts_words(port.findings),
                 .kind = {}};
  for (const auto* declared : port.declared_by) {
    add_to_list(common.declared_by, declared_words(*declared));
  }
  std::vector<PortRow> rows;
  for (const auto* holder : shown_holders(port.holders)) {
    auto held_by = holder_words(*holder);
    auto row = std::ranges::find(rows, held_by, &PortRow::held_by);
    if (row == rows.end()) {
      rows.push_back(common);
      row = std::prev(rows.end());
      row->held_by = std::move(held_by);
      row->kind = to_string(holder->owner.kind);
      row->exe = holder->owner.exe;
      row->cgroup = holder->owner.cgroup;
    }
    add_to_list(row->address, address_words(*holder));
    add_to_list(row->state, state_words(*holder));
  }
  if (rows.empty()) rows.push_back(std::move(common));
  return rows;
}

namespace {

std::string last_line(const Report& report, const TextStyle& style) {
  return folded(terminal_text(summary_words(report)), style.width);
}

std::string workloads_words(const Finding& finding) {
  std::string words;
  for (const DeclaredPort& declared : finding.declared_by) {
    if (!declared.workload.empty()) add_to_list(words, declared.workload);
  }
  return words;
}

std::vector<std::string> row_of(const Finding& finding, const Report& report) {
  return {port_words(finding.port, finding.protocol),
          std::string(to_string(finding.verdict)),
          severity_words(finding),
          declarations_words(finding.declared_by),
          holders_words(finding.held_by),
          finding.since ? age(report.generated_at - *finding.since) : "",
          finding.remedy};
}

}  // namespace

std::string findings_text(const Report& report, FindingClass finding_class, bool include_ignored,
                          const TextStyle& style) {
  const auto findings = findings_of(report, finding_class, include_ignored);
  if (style.names) {
    std::vector<std::string> names;
    for (const auto* finding : findings) {
      names.push_back(port_words(finding->port, finding->protocol));
    }
    return name_lines(names);
  }
  std::vector<std::string> header{"PORT",    "VERDICT", "SEVERITY",  "DECLARED BY",
                                  "HELD BY", "SINCE",   "WHAT TO DO"};
  if (style.wide) header.insert(header.end(), {"HOST IP", "WORKLOAD", "EXPLANATION"});
  TextTable table(std::move(header));
  for (const auto* finding : findings) {
    auto row = row_of(*finding, report);
    if (style.wide) {
      row.insert(row.end(), {finding->host_ip, workloads_words(*finding), finding->explanation});
    }
    table.add(std::move(row));
  }
  return table.text(style) + last_line(report, style);
}

namespace {

struct PortRows {
  TextTable table;
  std::vector<std::string> names;
};

PortRows rows_of_ports(const Report& report, const PortFilter& filter, const TextStyle& style) {
  std::vector<std::string> header{"PORT", "HELD BY", "ADDRESS", "STATE", "DECLARED BY", "FINDINGS"};
  if (style.wide) header.insert(header.end(), {"KIND", "EXE", "CGROUP"});
  PortRows rows{.table = TextTable(std::move(header)), .names = {}};
  for (const auto& port : host_ports(report, filter)) {
    rows.names.push_back(port_words(port.port, port.protocol));
    for (const PortRow& row : port_rows(port)) {
      std::vector<std::string> cells{row.port,  row.held_by,     row.address,
                                     row.state, row.declared_by, row.findings};
      if (style.wide) cells.insert(cells.end(), {row.kind, row.exe, row.cgroup});
      rows.table.add(std::move(cells));
    }
  }
  return rows;
}

}  // namespace

std::string ports_text(const Report& report, const PortFilter& filter, const TextStyle& style) {
  const PortRows rows = rows_of_ports(report, filter, style);
  if (style.names) return name_lines(rows.names);
  std::string text = rows.table.text(style);
  if (!filter.port) {
    for (const std::string& line : folded_lines(report)) {
      text += folded(terminal_text(line), style.width);
    }
  }
  return text + last_line(report, style);
}

std::vector<Protocol> protocols_on(const Report& report, const PortFilter& filter) {
  std::vector<Protocol> protocols;
  for (const auto& port : host_ports(report, filter)) protocols.push_back(port.protocol);
  if (protocols.empty()) protocols.push_back(filter.protocol.value_or(Protocol::tcp));
  return protocols;
}

std::string port_text(const Report& report, const PortFilter& filter,
                      std::span<const CheckAnswer> binds, const History* history,
                      const TextStyle& style) {
  const PortRows rows = rows_of_ports(report, filter, style);
  if (style.names) return name_lines(rows.names);
  std::string text = rows.table.text(style);
  for (const CheckAnswer& bind : binds) {
    if (binds.size() > 1) text += port_words(bind.port, bind.protocol) + "\n";
    text += port_story({.report = report, .bind = bind, .history = history}, style);
  }
  return text + last_line(report, style);
}

std::string check_text(const CheckAnswer& answer, const TextStyle& style, const PortStory* story) {
  if (style.names) return port_words(answer.port, answer.protocol) + "\n";
  TextTable table({"PORT", "ADDRESS", "VERDICT", "BINDABLE", "HELD BY", "DECLARED BY", "RISKS"});
  table.add({port_words(answer.port, answer.protocol), answer.address.to_string(),
             std::string(to_string(answer.verdict)), std::string(bindable_words(answer.bindable)),
             holders_words(answer.holders), declarations_words(answer.declared_by),
             verdicts_words(answer.risks)});
  return table.text(style) + (story == nullptr ? "" : port_story(*story, style)) +
         folded(terminal_text(answer.explanation), style.width);
}

}  // namespace hostnet
