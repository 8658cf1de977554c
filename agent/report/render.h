#pragma once

#include <string>

#include "agent/report/form.h"
#include "agent/report/html.h"
#include "agent/report/json.h"
#include "agent/report/network_json.h"
#include "agent/report/network_text.h"
#include "agent/report/text.h"

namespace hostnet {

// One call per path, in the form asked for: what an HTTP handler or a
// subcommand writes. The body only; content_type(form) goes with it, and
// page_security_policy() with HTML.

std::string render_findings(Form form, const Report& report, FindingClass finding_class,
                            bool include_ignored);
std::string render_ports(Form form, const Report& report, const PortFilter& filter = {});
std::string render_check(Form form, const CheckAnswer& answer);
std::string render_interfaces(Form form, const Interfaces& interfaces);
std::string render_routes(Form form, const Routes& routes);
std::string render_history(Form form, const Report& report, const FindingEvents& events);
// `/`: conflicts, risks, ports, interfaces and routes. As text and JSON it is the conflicts.
std::string render_overview(Form form, const Report& report, const Network& network);
// An error: status 404, "there is no /nonsense".
std::string render_error(Form form, int status, std::string_view message);

}  // namespace hostnet
