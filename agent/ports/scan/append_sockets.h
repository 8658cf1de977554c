#pragma once

#include <string_view>
#include <vector>

#include "agent/ports/port_snapshot.h"
#include "netlink/node/node.h"

namespace hostnet {

// Appends what a query finds to `sockets`; of each port at most 256 connections
// (the table then says that the port is partly shown). A failure is a problem of
// the table, and nothing is appended.
void append_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                    Coverage& coverage);

// The same for TCP of both families, in one walk over the kernel's table where
// the node can do that (a recording cannot). The query's family does not count.
void append_tcp_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                        Coverage& coverage);

}  // namespace hostnet
