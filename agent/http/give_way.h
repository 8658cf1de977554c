#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "agent/http/connection.h"

namespace hostnet {

// A peer with a kept place may have this many connections that do not give way.
inline constexpr std::size_t kKeptConnections = 8;

// Which connections give way to new ones, `most` at most and one at least where
// there are any. Those of the peer with the most, so many that it has no fewer
// than the next; of its connections those that are only being closed, then the
// oldest that wait for their client, idle ones as well as half requests, then the
// slowest readers. Kept places stop counting where they are more than half of
// all connections: they would be everybody's then.
std::vector<Connection*> first_to_give_way(std::span<Connection* const> connections,
                                           std::size_t most);

// Who is cut first where answers that are not read, or heads, fill the memory: the
// connections of the peer with the most bytes, the oldest first.
void sort_by_bytes(std::span<Connection*> connections, std::size_t (Connection::*bytes)() const);

}  // namespace hostnet
