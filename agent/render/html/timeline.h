#pragma once

#include <string>

#include "agent/findings/report.h"
#include "agent/render/history.h"

namespace hostnet {

// The section that shows when findings were there, a bar each (SVG), the newest first; "" of none.
std::string html_timeline(const Report& report, const History& history);

}  // namespace hostnet
