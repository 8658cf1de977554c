#pragma once

#include <string>
#include <string_view>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/history.h"
#include "agent/render/host_ports.h"

namespace hostnet {

// The JSON of every answer: one line and a newline, keys in the order of
// /openapi.json, times in RFC 3339 with milliseconds, unknown numbers null.
// Bytes that are not UTF-8 become U+FFFD, so the answer always parses. Nothing
// here throws.

// /conflicts and /risks.
std::string findings_json(const Report& report, FindingClass finding_class, bool include_ignored);
// /ports and /ports/{port}.
std::string ports_json(const Report& report, const PortFilter& filter = {});
// /history, and one line of its list "refusals" and of its list "events".
std::string history_json(const Report& report, const History& history);
std::string refused_bind_json(const RefusedBind& refused);
std::string finding_event_json(const FindingEvent& event);
// What went wrong, for a client that asked for JSON:
// {"error":{"status":404,"message":"..."}}.
std::string error_json(int status, std::string_view message);

}  // namespace hostnet
