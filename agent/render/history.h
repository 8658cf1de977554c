#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/findings/lifecycle.h"
#include "agent/findings/report.h"

namespace hostnet {

inline constexpr std::size_t kHistoryEvents = 256;

// Findings that came and went, the newest first. Immutable and shared: a new
// event copies pointers.
using FindingEvents = std::vector<std::shared_ptr<const FindingEvent>>;

// `before` (null: nothing yet) with what happened since, at most `limit`.
FindingEvents with_events(const FindingEvents* before, std::span<const FindingEvent> now,
                          std::size_t limit = kHistoryEvents);

// /history. The report says of which node, when and how complete.
// AT, EVENT, PORT, VERDICT, SEVERITY, DECLARED BY, HELD BY, LASTED.
std::string history_text(const Report& report, const FindingEvents& events);
std::string history_json(const Report& report, const FindingEvents& events);

}  // namespace hostnet
