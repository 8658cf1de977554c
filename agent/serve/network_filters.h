#pragma once

#include <expected>
#include <string>

#include "agent/http/message/http.h"
#include "agent/network/network.h"

namespace hostnet {

// ?device= ?kind= ?limit= of /interfaces; the error names the parameter.
std::expected<InterfaceFilter, std::string> interface_filter(const HttpRequest& request);

// ?table= ?device= ?family= ?protocol= ?type= ?to= ?limit= of /routes. Tables,
// protocols and types by name or number; `to` is an address.
std::expected<RouteFilter, std::string> route_filter(const HttpRequest& request);

}  // namespace hostnet
