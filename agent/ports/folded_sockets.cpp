#include "agent/ports/folded_sockets.h"

#include <algorithm>

namespace hostnet {
namespace {

constexpr std::size_t kMostTold = 4'096;

}  // namespace

std::vector<Holder> folded_on(std::span<const FoldedSockets> folded, Protocol protocol,
                              std::uint16_t port) {
  std::vector<Holder> holders;
  for (const FoldedSockets& group : folded) {
    if (group.example.socket.protocol != protocol) continue;
    const FoldedSockets::Place* last = nullptr;
    std::size_t told = 0;
    for (const FoldedSockets::Place& place :
         std::ranges::equal_range(group.places, port, {}, &FoldedSockets::Place::port)) {
      const bool same = last != nullptr && last->address == place.address;
      if (same || ++told > kMostTold) continue;
      last = &place;
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
