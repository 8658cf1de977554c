#pragma once

#include <string>

#include "agent/findings/report.h"
#include "agent/render/history.h"

namespace hostnet {

// The section that shows when findings were open, as bars (SVG), the newest first; "" if none.
std::string html_timeline(const Report& report, const History& history);

}  // namespace hostnet
