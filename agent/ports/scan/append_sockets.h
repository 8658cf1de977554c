#pragma once

#include <string_view>
#include <vector>

#include "agent/ports/port_snapshot.h"
#include "netlink/node/node.h"

namespace hostnet {

// Appends the results of a query to `sockets`, at most 256 connections per port (the table then
// marks the port as partly shown). On failure, adds a problem to the table and appends nothing.
void append_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                    Coverage& coverage);

// The same for TCP of both families, in one walk over the kernel's table if the node supports it (a
// recording does not). Ignores the query's family.
void append_tcp_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                        Coverage& coverage);

}  // namespace hostnet
