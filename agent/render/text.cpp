#include "agent/render/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/render/table.h"
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
                 .held_by = {},
                 .address = {},
                 .state = {},
                 .declared_by = {},
                 .findings = verdicts_words(port.findings)};
  for (const auto* declared : port.declared_by) {
    add_to_list(common.declared_by, declared_words(*declared));
  }
  std::vector<PortRow> rows;
  for (const auto* holder : port.holders) {
    auto held_by = holder_words(*holder);
    auto row = std::ranges::find(rows, held_by, &PortRow::held_by);
    if (row == rows.end()) {
      rows.push_back(common);
      row = std::prev(rows.end());
      row->held_by = std::move(held_by);
    }
    add_to_list(row->address, address_words(*holder));
    add_to_list(row->state, state_words(*holder));
  }
  if (rows.empty()) rows.push_back(std::move(common));
  return rows;
}

std::string findings_text(const Report& report, FindingClass finding_class, bool include_ignored) {
  TextTable table({"PORT", "VERDICT", "SEVERITY", "DECLARED BY", "HELD BY", "SINCE", "WHAT TO DO"});
  for (const auto* finding : findings_of(report, finding_class, include_ignored)) {
    table.add({port_words(finding->port, finding->protocol),
               std::string(to_string(finding->verdict)), severity_words(*finding),
               declarations_words(finding->declared_by), holders_words(finding->held_by),
               finding->since ? age(report.generated_at - *finding->since) : "", finding->remedy});
  }
  return table.text() + terminal_text(summary_words(report)) + "\n";
}

std::string ports_text(const Report& report, const PortFilter& filter) {
  TextTable table({"PORT", "HELD BY", "ADDRESS", "STATE", "DECLARED BY", "FINDINGS"});
  for (const auto& port : host_ports(report, filter)) {
    for (auto& row : port_rows(port)) {
      table.add({std::move(row.port), std::move(row.held_by), std::move(row.address),
                 std::move(row.state), std::move(row.declared_by), std::move(row.findings)});
    }
  }
  std::string text = table.text();
  if (!filter.port) {
    for (const std::string& line : folded_lines(report)) text += terminal_text(line) + "\n";
  }
  return text + terminal_text(summary_words(report)) + "\n";
}

std::string check_text(const CheckAnswer& answer) {
  TextTable table({"PORT", "ADDRESS", "VERDICT", "BINDABLE", "HELD BY", "DECLARED BY", "RISKS"});
  table.add({port_words(answer.port, answer.protocol), answer.address.to_string(),
             std::string(to_string(answer.verdict)), std::string(bindable_words(answer.bindable)),
             holders_words(answer.holders), declarations_words(answer.declared_by),
             verdicts_words(answer.risks)});
  return table.text() + terminal_text(answer.explanation) + "\n";
}

}  // namespace hostnet
