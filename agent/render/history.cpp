#include "agent/render/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "agent/render/report_words.h"
#include "agent/render/table/fold.h"
#include "agent/render/table/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {

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

FindingEvents merge_events(const FindingEvents& one, const FindingEvents& other) {
  FindingEvents merged;
  std::ranges::merge(
      one, other, std::back_inserter(merged), std::ranges::greater{},
      [](const auto& event) { return event->at; }, [](const auto& event) { return event->at; });
  return merged;
}

namespace {

std::string refusals_text(const RefusedBinds& refusals, const TextStyle& style) {
  if (refusals.empty()) return "";
  TextTable table({"AT", "REFUSED", "ERROR", "TIMES", "TO", "HELD BY"});
  for (const auto& refused : refusals) {
    table.add({rfc3339(refused->last), port_words(refused->port, refused->protocol), refused->error,
               std::to_string(refused->times), binder_words(*refused),
               refusing_holders_words(*refused)});
  }
  return table.text(style) + "\n";
}

}  // namespace

std::string history_text(const Report& report, const History& history, const TextStyle& style) {
  const FindingEvents& events = history.events;
  TextTable table(
      {"AT", "EVENT", "PORT", "VERDICT", "SEVERITY", "DECLARED BY", "HELD BY", "LASTED"});
  for (const auto& event : events) {
    const Finding& finding = event->finding;
    table.add({rfc3339(event->at), event->opened ? "opened" : "closed",
               port_words(finding.port, finding.protocol), std::string(to_string(finding.verdict)),
               std::string(to_string(finding.severity)), declarations_words(finding.declared_by),
               holders_words(finding.held_by), event->opened ? "" : age(event->lasted)});
  }
  return table.text(style) + refusals_text(history.refusals, style) +
         folded(terminal_text(
                    fmt::format("{} since the agent started (at most the last {} are kept); {}",
                                counted(events.size(), "event", "events"), kHistoryEvents,
                                completeness_words(report))),
                style.width);
}

}  // namespace hostnet
