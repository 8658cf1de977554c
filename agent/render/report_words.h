#pragma once

#include <string>
#include <vector>

#include "agent/findings/report.h"

namespace hostnet {

// Words about a whole report, the same in the tables and on the page. Not escaped yet.

// "and 47,900 more udp sockets of nginx.service nginx[812] root on ports 1024 to 48923", a line for
// each of PortSnapshot::folded.
std::vector<std::string> folded_lines(const Report& report);

// The line under every table: "1 conflict, 2 risks; 41 listening sockets,
// 12 declared ports; pods from apiserver 4s ago; complete".
std::string summary_words(const Report& report);
// Its parts: "pods from apiserver 4s ago"; "complete" or "incomplete: NAT rules
// cannot be read (add NET_ADMIN)".
std::string pods_words(const Report& report);
std::string completeness_words(const Report& report);

// Findings of one class, in the report's order.
std::vector<const Finding*> findings_of(const Report& report, FindingClass finding_class,
                                        bool include_ignored);

}  // namespace hostnet
