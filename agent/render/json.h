#pragma once

#include <string>
#include <string_view>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/render/host_ports.h"

namespace hostnet {

// The JSON of every answer: one line and a newline, keys in the order of
// /openapi.json, times in RFC 3339 with milliseconds, unknown numbers null.
// Bytes that are no UTF-8 become U+FFFD, so the answer always parses. Nothing
// here throws.

// /conflicts and /risks.
std::string findings_json(const Report& report, FindingClass finding_class, bool include_ignored);
// /ports and /ports/{port}.
std::string ports_json(const Report& report, const PortFilter& filter = {});
// /check and `check PORT`.
std::string check_json(const CheckAnswer& answer);
// What went wrong, for a client that asked for JSON:
// {"error":{"status":404,"message":"..."}}.
std::string error_json(int status, std::string_view message);

}  // namespace hostnet
