#pragma once

#include <cstddef>
#include <span>

#include "agent/http/connection.h"

namespace hostnet {

// A peer with a kept place may have this many connections that do not give way.
inline constexpr std::size_t kKeptConnections = 8;

// Which connection gives way to a new one, null when there is none. That of the
// peer with the most; of its connections one that is only being closed, then the
// oldest that waits for its client, an idle one as well as a half request, then
// the slowest reader. Kept places stop counting where they are more than half of
// all connections: they would be everybody's then.
Connection* first_to_give_way(std::span<Connection* const> connections);

// Who is cut first where answers that are not read fill the memory: the readers
// of the peer with the most bytes waiting, the oldest first.
void sort_by_buffered(std::span<Connection*> flushing);

}  // namespace hostnet
