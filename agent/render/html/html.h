#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/findings/check.h"
#include "agent/findings/report.h"
#include "agent/network/network.h"
#include "agent/render/history.h"
#include "agent/render/host_ports.h"
#include "agent/render/port_story.h"

namespace hostnet {

// The page, complete and self-contained: style and script are inline, nothing is
// loaded from elsewhere, and it reads well without script. With script it fetches
// itself again every 5 seconds and replaces the old <main> with the new one, so
// what the server writes (escaped, see escape.h) is the only rendering. The same
// report gives the same bytes. Every link is relative, so a proxy may serve the
// pages under any prefix without announcing it.

// `/`: conflicts, risks, ports, and as much of the network as is given.
std::string overview_html(const Report& report, const Network& network = {});
// `/interfaces` and `/routes`.
std::string interfaces_html(const Interfaces& interfaces);
std::string routes_html(const Routes& routes);
// `/conflicts` and `/risks`.
std::string findings_html(const Report& report, FindingClass finding_class, bool include_ignored);
// `/ports`.
std::string ports_html(const Report& report);
// `/ports/{port}`: its findings, for each of its protocols the story and the paths to it, its rows.
// `history` null: unknown, a single scan.
std::string port_html(const Report& report, const PortFilter& filter,
                      std::span<const CheckAnswer> binds, const History* history);
// `/history`.
std::string history_html(const Report& report, const History& history);
// `/check`; without a story, only the answer.
std::string check_html(const CheckAnswer& answer, const PortStory* story = nullptr);
// The error page of any path; `root` leads from there to `/`.
std::string error_html(int status, std::string_view message, std::string_view root = {});

// The value of Content-Security-Policy for these pages: nothing but their own
// style and script (by hash), and requests to their own origin.
const std::string& page_security_policy();

}  // namespace hostnet
