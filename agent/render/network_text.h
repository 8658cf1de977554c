#pragma once

#include <string>
#include <string_view>

#include "agent/network/network.h"
#include "agent/render/table/text_style.h"

namespace hostnet {

// NAME, KIND, STATE, MASTER, MTU, SPEED, ADDRESSES, ERRORS, DROPS, CARRIER
// CHANGES, DETAILS.
std::string interfaces_text(const Interfaces& interfaces, const TextStyle& style = {});
// DESTINATION, GATEWAY, DEVICE, TABLE, PROTOCOL, SCOPE, METRIC, TYPE, SOURCE.
std::string routes_text(const Routes& routes, const TextStyle& style = {});

// How to see what an answer left out; shown in text and on the page.
inline constexpr std::string_view kMoreInterfaces = "/interfaces?device= ?kind= ?limit=";
inline constexpr std::string_view kMoreRoutes =
    "/routes?table= ?device= ?family= ?protocol= ?type= ?to= ?limit=";

}  // namespace hostnet
