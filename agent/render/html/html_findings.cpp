#include "agent/render/html/html_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/render/html/html_parts.h"
#include "agent/render/report_words.h"
#include "agent/render/text.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

// Nobody reads more rows, and they would take megabytes.
constexpr std::size_t kMostFindings = 1'000, kMostPorts = 5'000;

std::string rows_left_out(std::size_t count, std::size_t shown) {
  if (count <= shown) return "";
  return fmt::format("<p>and {} more, which only the JSON has</p>", count - shown);
}

std::string finding_row(const Report& report, const Finding& finding, std::string_view root) {
  std::vector<std::string> declared, held;
  for (const auto& port : finding.declared_by) declared.push_back(html_declared(port));
  for (const auto* holder : shown_holders(finding.held_by)) held.push_back(html_holder(*holder));
  auto what = "<code>" + html_text(to_string(finding.verdict)) + "</code><small>" +
              html_text(finding.explanation) + "</small>";
  if (finding.ignored && !finding.ignored_because.empty()) {
    what += "<small>Ignored: " + html_text(finding.ignored_because) + "</small>";
  }
  return "<tr role=\"row\">" + html_cell("Severity", html_severity(finding)) +
         html_cell("Port", html_port(finding.port, finding.protocol, root), "port") +
         html_cell("What", what) + html_cell("Declared by", html_list(declared)) +
         html_cell("Held by", html_list(held)) +
         html_cell("Since", finding.since ? age(report.generated_at - *finding.since) : "",
                   "nowrap") +
         html_cell("What to do", html_text(finding.remedy)) + "</tr>\n";
}

// The worst severity of the findings of this verdict on this port.
Severity severity_on(const Report& report, const HostPort& port, Verdict verdict) {
  auto worst = Severity::info;
  for (const auto& finding : report.findings) {
    const bool same = finding.verdict == verdict && finding.port == port.port &&
                      finding.protocol == port.protocol && !finding.ignored;
    if (same) worst = std::min(worst, finding.severity);  // critical is the first
  }
  return worst;
}

std::string port_row(const Report& report, const HostPort& port, std::string_view root) {
  std::vector<std::string> held, declared;
  for (const auto& row : port_rows(port)) {
    if (row.held_by.empty()) continue;
    auto place = html_text(row.address);
    if (!row.state.empty()) place += " · " + html_text(row.state);
    held.push_back(html_text(row.held_by) + "<small class=\"mono\">" + place + "</small>");
  }
  for (const auto* declaration : port.declared_by) declared.push_back(html_declared(*declaration));
  std::vector<std::string> findings;
  for (const auto verdict : port.findings) {
    findings.push_back(html_severity_badge(severity_on(report, port, verdict), to_string(verdict)));
  }
  return "<tr role=\"row\">" +
         html_cell("Port", html_port(port.port, port.protocol, root), "port") +
         html_cell("Held by", html_list(held)) + html_cell("Declared by", html_list(declared)) +
         html_cell("Findings", html_list(findings)) + "</tr>\n";
}

std::string nothing_found(const Report& report, bool conflict) {
  if (!report.complete) {
    return html_badge("warning", "▲", conflict ? "no conflicts seen" : "no risks seen") +
           "but not everything could be seen.";
  }
  return html_badge("good", "✓", conflict ? "no conflicts" : "no risks") +
         (conflict ? "No host port that a pod declares is held by anything else."
                   : "Nothing declared here is likely to break.");
}

}  // namespace

std::string html_findings(const Report& report, FindingClass finding_class, bool include_ignored,
                          std::string_view root) {
  const bool conflict = finding_class == FindingClass::conflict;
  const auto* const id = conflict ? "conflicts" : "risks";
  const auto* const title = conflict ? "Conflicts" : "Risks";
  const auto findings = findings_of(report, finding_class, include_ignored);
  if (findings.empty()) {
    return html_card(id, fmt::format("<h2>{}</h2><p class=\"empty\">{}</p>", title,
                                     nothing_found(report, conflict)));
  }
  std::string table = "<table class=\"findings\" role=\"table\">" +
                      html_caption(title, findings.size()) +
                      html_header_row({"Severity", "Port", "What", "Declared by", "Held by",
                                       "Since", "What to do"}) +
                      "<tbody>";
  for (const auto* finding : findings | std::views::take(kMostFindings)) {
    table += finding_row(report, *finding, root);
  }
  table += "</tbody></table>" + rows_left_out(findings.size(), kMostFindings);
  return html_card(id, std::move(table));
}

std::string html_ports(const Report& report, const PortFilter& filter, std::string_view root) {
  const auto ports = host_ports(report, filter);
  if (ports.empty()) {
    return html_card("ports",
                     fmt::format("<h2>Ports</h2><p class=\"empty\">{}</p>",
                                 filter.port ? fmt::format("Nobody holds or declares port {}.",
                                                           port_words(filter.port, filter.protocol))
                                             : "Nobody holds or declares a port."));
  }
  std::string table = "<table class=\"ports\" role=\"table\">" +
                      html_caption("Ports", ports.size()) +
                      html_header_row({"Port", "Held by", "Declared by", "Findings"}) + "<tbody>";
  for (const auto& port : ports | std::views::take(kMostPorts)) {
    table += port_row(report, port, root);
  }
  table += "</tbody></table>" + rows_left_out(ports.size(), kMostPorts);
  if (!filter.port) {
    for (const auto& line : folded_lines(report)) table += "<p>" + html_text(line) + "</p>";
  }
  return html_card("ports", std::move(table));
}

std::string html_check(const CheckAnswer& answer) {
  const bool good = answer.verdict == CheckVerdict::free;
  const bool bad =
      answer.verdict == CheckVerdict::in_use || answer.verdict == CheckVerdict::diverted;
  std::vector<std::string> held, declared;
  for (const auto& holder : answer.holders) held.push_back(html_holder(holder));
  for (const auto& port : answer.declared_by) declared.push_back(html_declared(port));
  std::string list;
  const auto line = [&list](std::string_view name, const std::string& content) {
    list += fmt::format("<dt>{}</dt><dd>{}</dd>", name,
                        content.empty() ? "<span class=\"none\">–</span>" : content);
  };
  line("Verdict", html_badge(good  ? "good"
                             : bad ? "critical"
                                   : "warning",
                             good  ? "✓"
                             : bad ? "✖"
                                   : "▲",
                             to_string(answer.verdict)));
  line("Address", html_text(answer.address.to_string()));
  line("Bindable", !answer.bindable ? "unknown" : *answer.bindable ? "yes" : "no");
  line("Held by", html_list(held));
  line("Declared by", html_list(declared));
  for (const auto& rule : answer.filtered_by) line("Filtered by", html_text(rule->text));
  line("Risks", html_text(verdicts_words(answer.risks)));
  return html_card("check", "<h2>Could a server bind this now?</h2><dl>" + list +
                                "</dl><p class=\"empty\">" + html_text(answer.explanation) +
                                "</p>");
}

}  // namespace hostnet
