#pragma once

#include <string>

#include "agent/network/network.h"

namespace hostnet {

// /interfaces and /routes, in the envelope of json.h's answers; `more` is the
// number of rows that the limit left out, null if they were not counted.
std::string interfaces_json(const Interfaces& interfaces);
std::string routes_json(const Routes& routes);

}  // namespace hostnet
