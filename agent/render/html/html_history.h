#pragma once

#include <string>

#include "agent/render/history.h"

namespace hostnet {

// The page's section of findings that were opened or closed.
std::string html_history(const History& history);

}  // namespace hostnet
