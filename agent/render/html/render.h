#pragma once

#include <span>
#include <string>

#include "agent/render/html/html.h"
#include "agent/render/json/check_json.h"
#include "agent/render/json/json.h"
#include "agent/render/json/network_json.h"
#include "agent/render/network_text.h"
#include "agent/render/output_format.h"
#include "agent/render/text.h"

namespace hostnet {

// One function per path: what an HTTP handler or a subcommand writes, in the
// requested format. The body only; content_type(form) goes with it, and
// page_security_policy() with HTML.

std::string render_findings(const Output& output, const Report& report, FindingClass finding_class,
                            bool include_ignored);
std::string render_ports(const Output& output, const Report& report);
// `/check`; JSON has no story, its report may be empty.
std::string render_check(const Output& output, const CheckAnswer& answer, const PortStory& story);
// `/ports/{port}`; `binds`: what bind() would return, one per protocol (JSON needs none).
std::string render_port(const Output& output, const Report& report, const PortFilter& filter,
                        std::span<const CheckAnswer> binds, const History* history);
std::string render_interfaces(const Output& output, const Interfaces& interfaces);
std::string render_routes(const Output& output, const Routes& routes);
std::string render_history(const Output& output, const Report& report, const History& history);
// `/`: conflicts, risks, ports, interfaces and routes. As text and JSON it is the conflicts.
std::string render_overview(const Output& output, const Report& report, const Network& network);
// An error: status 404, "there is no /nonsense". `root` leads from the requested path to `/`.
std::string render_error(const Output& output, int status, std::string_view message,
                         std::string_view root = {});

}  // namespace hostnet
