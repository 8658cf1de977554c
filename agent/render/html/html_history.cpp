#include "agent/render/html/html_history.h"

#include <fmt/format.h>

#include "agent/render/html/html_parts.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string event_row(const FindingEvent& event) {
  const Finding& finding = event.finding;
  std::vector<std::string> declared, held;
  for (const auto& port : finding.declared_by) declared.push_back(html_declared(port));
  for (const auto* holder : shown_holders(finding.held_by)) held.push_back(html_holder(*holder));
  return "<tr role=\"row\">" +
         html_cell("At",
                   fmt::format("<time datetime=\"{}\">{}</time>", rfc3339(event.at),
                               html_moment(event.at)),
                   "nowrap") +
         html_cell("Event", event.opened ? html_severity_badge(finding.severity, "opened")
                                         : html_badge("good", "✓", "closed") + "<small>after " +
                                               age(event.lasted) + "</small>") +
         html_cell("Port", html_port(finding.port, finding.protocol, ""), "port") +
         html_cell("What", "<code>" + html_text(to_string(finding.verdict)) + "</code><small>" +
                               html_text(finding.explanation) + "</small>") +
         html_cell("Declared by", html_list(declared)) + html_cell("Held by", html_list(held)) +
         "</tr>\n";
}

std::string refused_row(const RefusedBind& refused) {
  return "<tr role=\"row\">" +
         html_cell("At",
                   fmt::format("<time datetime=\"{}\">{}</time>", rfc3339(refused.last),
                               html_moment(refused.last)),
                   "nowrap") +
         html_cell("Port", html_port(refused.port, refused.protocol, ""), "port") +
         html_cell("Error", fmt::format("<code>{}</code><small>{}</small>", refused.error,
                                        counted(refused.times, "time", "times"))) +
         html_cell("Refused to", html_text(binder_words(refused))) +
         html_cell("Held by", html_text(refusing_holders_words(refused))) + "</tr>\n";
}

std::string refusals_card(const RefusedBinds& refusals) {
  if (refusals.empty()) return "";
  std::string rows;
  for (const auto& refused : refusals) rows += refused_row(*refused);
  return html_card("refusals",
                   "<table role=\"table\">" + html_caption("Refused binds", refusals.size()) +
                       html_header_row({"At", "Port", "Error", "Refused to", "Held by"}) +
                       "<tbody>" + rows + "</tbody></table>");
}

}  // namespace

std::string html_history(const History& history) {
  const FindingEvents& events = history.events;
  const std::string refusals = refusals_card(history.refusals);
  if (events.empty()) {
    return html_card(
               "history",
               "<h2>History</h2><p class=\"empty\">No finding opened or closed since the agent "
               "started.</p>") +
           refusals;
  }
  std::string rows;
  for (const auto& event : events) rows += event_row(*event);
  return html_card("history",
                   "<table role=\"table\">" + html_caption("History", events.size()) +
                       html_header_row({"At", "Event", "Port", "What", "Declared by", "Held by"}) +
                       "<tbody>" + rows + "</tbody></table>") +
         refusals;
}

}  // namespace hostnet
