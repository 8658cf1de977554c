#pragma once

#include <chrono>

#include "agent/network/network.h"
#include "netlink/node/node.h"

namespace hostnet {

// A fresh read over netlink on every call; what cannot be read is a problem of
// the answer, never an empty answer without one. Memory is bounded by the limit
// of the filter, whatever the tables hold: the rows that are kept are the first
// in sort order, whatever order the kernel reports them in. Any thread.
Interfaces read_interfaces(const Node& node, const InterfaceFilter& filter);

// Takes at most `time`, then answers with what it has and a problem.
Routes read_route_rows(const Node& node, const RouteFilter& filter,
                       std::chrono::milliseconds time = std::chrono::seconds(5));

}  // namespace hostnet
