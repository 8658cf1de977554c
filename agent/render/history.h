#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/binds/refusal_log.h"
#include "agent/findings/lifecycle.h"
#include "agent/findings/report.h"
#include "agent/render/table/text_style.h"

namespace hostnet {

inline constexpr std::size_t kHistoryEvents = 256;

// Findings that were opened or closed, the newest first. Immutable and shared: a
// new event copies pointers.
using FindingEvents = std::vector<std::shared_ptr<const FindingEvent>>;

// `before` (null: nothing yet) with what happened since, at most `limit`.
FindingEvents with_events(const FindingEvents* before, std::span<const FindingEvent> now,
                          std::size_t limit = kHistoryEvents);

// The content of /history.
struct History {
  FindingEvents events;
  RefusedBinds refusals;  // of all processes, in pods or not; some become bind_refused
};

// Merges both by time, the newest first.
FindingEvents merge_events(const FindingEvents& one, const FindingEvents& other);

// /history. The report gives the node, the time and how complete it is.
// AT, EVENT, PORT, VERDICT, SEVERITY, DECLARED BY, HELD BY, LASTED.
std::string history_text(const Report& report, const History& history, const TextStyle& style = {});

}  // namespace hostnet
