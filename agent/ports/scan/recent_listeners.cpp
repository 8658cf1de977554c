#include "agent/ports/scan/recent_listeners.h"

#include <algorithm>

namespace hostnet {

void RecentListeners::see(std::span<const Socket> sockets, SteadyTime now) {
  if (!first_scan_) first_scan_ = now;
  for (const Socket& socket : sockets) {
    if (socket.state == SocketState::listen && socket.protocol == Protocol::tcp) {
      last_seen_[socket.local_port] = now;
    }
  }
  std::erase_if(last_seen_, [&](const auto& item) { return now - item.second > kRecent; });
}

std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> RecentListeners::ports(
    SteadyTime now) const {
  if (!first_scan_ || now - *first_scan_ < kRecent) return std::nullopt;
  std::vector<std::pair<Protocol, std::uint16_t>> ports;
  ports.reserve(last_seen_.size());
  for (const auto& [port, seen] : last_seen_) ports.emplace_back(Protocol::tcp, port);
  std::ranges::sort(ports);
  return ports;
}

}  // namespace hostnet
