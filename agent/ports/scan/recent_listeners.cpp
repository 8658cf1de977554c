#include "agent/ports/scan/recent_listeners.h"

#include <algorithm>
#include <iterator>

#include "netlink/base/ranges.h"

namespace hostnet {

void RecentListeners::see(std::span<const Socket> sockets, SteadyTime now) {
  std::vector<std::uint16_t> listening;
  for (const Socket& socket : sockets) {
    if (socket.state == SocketState::listen && socket.protocol == Protocol::tcp) {
      listening.push_back(socket.local_port);
    }
  }
  sort_unique(listening);
  for (const std::uint16_t port : listening_) {
    if (!std::ranges::binary_search(listening, port)) left_[port] = last_scan_;
  }
  for (const std::uint16_t port : listening) left_.erase(port);
  listening_ = std::move(listening);
  see_again(now);
}

void RecentListeners::see_again(SteadyTime now) {
  if (!first_scan_) first_scan_ = now;
  last_scan_ = now;
  std::erase_if(left_, [&](const auto& item) { return now - item.second > kRecent; });
}

std::optional<std::vector<std::pair<Protocol, std::uint16_t>>> RecentListeners::ports(
    SteadyTime now) const {
  if (!first_scan_ || now - *first_scan_ < kRecent) return std::nullopt;
  std::vector<std::pair<Protocol, std::uint16_t>> ports;
  ports.reserve(listening_.size() + left_.size());
  for (const std::uint16_t port : listening_) ports.emplace_back(Protocol::tcp, port);
  for (const auto& [port, seen] : left_) ports.emplace_back(Protocol::tcp, port);
  if (!left_.empty()) std::ranges::sort(ports);
  return ports;
}

}  // namespace hostnet
