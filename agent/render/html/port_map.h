#pragma once

#include <string>
#include <string_view>

#include "agent/findings/report.h"

namespace hostnet {

// The section with the map of all 65,536 ports (SVG, 1,024 in a row): the ranges as bands, and each
// port that is held or declared as a mark that links to its page.
std::string html_port_map(const Report& report, std::string_view root = {});

}  // namespace hostnet
