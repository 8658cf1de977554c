#pragma once

#include <string>
#include <string_view>

#include "agent/findings/report.h"

namespace hostnet {

// The section with the picture of all 65,536 ports (SVG, 1,024 in a row): the ranges as bands, and
// a mark that leads to its page for each port that somebody holds or declares.
std::string html_port_map(const Report& report, std::string_view root = {});

}  // namespace hostnet
