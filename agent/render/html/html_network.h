#pragma once

#include <string>

#include "agent/network/network.h"

namespace hostnet {

// The page's sections about the network, a table each. `brief`: on the
// overview, with a link to all of them.
std::string html_interfaces(const Interfaces& interfaces, bool brief);
std::string html_routes(const Routes& routes, bool brief);

}  // namespace hostnet
