#include "agent/ports/folded_sockets.h"

#include <algorithm>

namespace hostnet {

std::vector<Holder> folded_on(std::span<const FoldedSockets> folded, Protocol protocol,
                              std::uint16_t port) {
  std::vector<Holder> holders;
  for (const FoldedSockets& group : folded) {
    if (group.example.socket.protocol != protocol) continue;
    for (const FoldedSockets::Place& place :
         std::ranges::equal_range(group.places, port, {}, &FoldedSockets::Place::port)) {
      Holder& holder = holders.emplace_back(group.example);
      holder.socket.local = place.address;
      holder.socket.local_port = place.port;
      holder.socket.inode = place.inode;
      holder.socket.cookie = 0;
    }
  }
  return holders;
}

std::size_t count_folded_servers(std::span<const FoldedSockets> folded) {
  std::size_t count = 0;
  for (const FoldedSockets& group : folded) {
    if (group.example.socket.is_server()) count += group.places.size();
  }
  return count;
}

}  // namespace hostnet
