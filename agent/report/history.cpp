#include "agent/report/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/report/escape.h"
#include "agent/report/html_parts.h"
#include "agent/report/table.h"
#include "agent/report/words.h"

namespace hostnet {
namespace {

std::string event_row(const FindingEvent& event) {
  const Finding& finding = event.finding;
  std::vector<std::string> declared, held;
  for (const auto& port : finding.declared_by) declared.push_back(html_declared(port));
  for (const auto& holder : finding.held_by) held.push_back(html_holder(holder));
  return "<tr role=\"row\">" +
         html_cell("At",
                   fmt::format("<time datetime=\"{}\">{}</time>", rfc3339(event.at),
                               html_moment(event.at)),
                   "nowrap") +
         html_cell("Event", event.opened ? html_severity_badge(finding.severity, "came")
                                         : html_badge("good", "✓", "went") + "<small>after " +
                                               age(event.lasted) + "</small>") +
         html_cell("Port", html_text(port_words(finding.port, finding.protocol)), "port") +
         html_cell("What", "<code>" + html_text(to_string(finding.verdict)) + "</code><small>" +
                               html_text(finding.explanation) + "</small>") +
         html_cell("Declared by", html_list(declared)) + html_cell("Held by", html_list(held)) +
         "</tr>\n";
}

}  // namespace

FindingEvents with_events(const FindingEvents* before, std::span<const FindingEvent> now,
                          std::size_t limit) {
  FindingEvents events;
  events.reserve(std::min(limit, now.size() + (before == nullptr ? 0 : before->size())));
  for (auto event = now.rbegin(); event != now.rend() && events.size() < limit; ++event) {
    events.push_back(std::make_shared<const FindingEvent>(*event));
  }
  if (before == nullptr) return events;
  const auto kept = std::min(before->size(), limit - events.size());
  events.insert(events.end(), before->begin(), before->begin() + static_cast<std::ptrdiff_t>(kept));
  return events;
}

std::string history_text(const Report& report, const FindingEvents& events) {
  TextTable table(
      {"AT", "EVENT", "PORT", "VERDICT", "SEVERITY", "DECLARED BY", "HELD BY", "LASTED"});
  for (const auto& event : events) {
    const Finding& finding = event->finding;
    table.add({rfc3339(event->at), event->opened ? "came" : "went",
               port_words(finding.port, finding.protocol), std::string(to_string(finding.verdict)),
               std::string(to_string(finding.severity)), declarations_words(finding.declared_by),
               holders_words(finding.held_by), event->opened ? "" : age(event->lasted)});
  }
  return table.text() +
         terminal_text(fmt::format("{} since the agent started (at most the last {} are kept); {}",
                                   counted(events.size(), "event", "events"), kHistoryEvents,
                                   completeness_words(report))) +
         "\n";
}

std::string html_history(const FindingEvents& events) {
  if (events.empty()) {
    return html_card("history",
                     "<h2>History</h2><p class=\"empty\">No finding came or went since the agent "
                     "started.</p>");
  }
  std::string rows;
  for (const auto& event : events) rows += event_row(*event);
  return html_card("history",
                   "<table role=\"table\">" + html_caption("History", events.size()) +
                       html_header_row({"At", "Event", "Port", "What", "Declared by", "Held by"}) +
                       "<tbody>" + rows + "</tbody></table>");
}

}  // namespace hostnet
