#pragma once

#include <string>

#include "agent/render/html/html.h"
#include "agent/render/json.h"
#include "agent/render/network_json.h"
#include "agent/render/network_text.h"
#include "agent/render/output_format.h"
#include "agent/render/text.h"

namespace hostnet {

// One call per path, in the form asked for: what an HTTP handler or a
// subcommand writes. The body only; content_type(form) goes with it, and
// page_security_policy() with HTML.

std::string render_findings(OutputFormat form, const Report& report, FindingClass finding_class,
                            bool include_ignored);
std::string render_ports(OutputFormat form, const Report& report, const PortFilter& filter = {});
std::string render_check(OutputFormat form, const CheckAnswer& answer);
std::string render_interfaces(OutputFormat form, const Interfaces& interfaces);
std::string render_routes(OutputFormat form, const Routes& routes);
std::string render_history(OutputFormat form, const Report& report, const History& history);
// `/`: conflicts, risks, ports, interfaces and routes. As text and JSON it is the conflicts.
std::string render_overview(OutputFormat form, const Report& report, const Network& network);
// An error: status 404, "there is no /nonsense". `root` leads from the path asked for to `/`.
std::string render_error(OutputFormat form, int status, std::string_view message,
                         std::string_view root = {});

}  // namespace hostnet
