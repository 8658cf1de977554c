#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "agent/http/connection.h"

namespace hostnet {

// A peer with a kept place may have this many connections that are not closed for others.
inline constexpr std::size_t kKeptConnections = 8;

// The connections to close for new ones: at most `most`, and at least one if there
// are any. They belong to the peer with the most, which keeps no fewer than the
// next one has: first those already being closed, then the oldest that wait for
// their client (idle or with half a request), then the slowest readers. Kept places
// stop counting once they are more than half of all connections: nobody would be
// left to close.
std::vector<Connection*> first_to_give_way(std::span<Connection* const> connections,
                                           std::size_t most);

// The order in which to cut when unread answers, or heads, fill the memory: the
// connections of the peer with the most bytes first, the oldest first.
void sort_by_bytes(std::span<Connection*> connections, std::size_t (Connection::*bytes)() const);

}  // namespace hostnet
