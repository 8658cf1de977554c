#include "agent/ports/scan/full_state_scan.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "agent/ports/scan/append_sockets.h"

namespace hostnet {
namespace {

// Servers are dumped in every look, so these would come twice.
std::uint32_t states_beside_servers(Protocol protocol) {
  const auto server = protocol == Protocol::udp ? SocketState::close : SocketState::listen;
  return kEverySocketState & ~state_bit(server);
}

}  // namespace

bool FullStateScan::scan(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets,
                         PortSnapshot& table) {
  const bool due = !wanted.paced || now >= next_;
  if (wanted.ports.empty()) {
    if (due) seen_.clear();
    return false;
  }
  if (due) {
    dump(wanted);
    scanned_ = now;
  }
  append(wanted, now, sockets);
  std::ranges::copy(problems_, std::back_inserter(table.problems));
  table.partly_shown = partly_shown_;
  table.unread.insert(unread_.begin(), unread_.end());
  return due;
}

void FullStateScan::dump(const Wanted& wanted) {
  seen_.clear();
  PortSnapshot said;
  const auto begin = node_.clock->thread_cpu();
  SocketQuery query{.protocol = Protocol::tcp,
                    .family = AddressFamily::ipv4,
                    .states = states_beside_servers(Protocol::tcp),
                    .ports = {wanted.ports.begin(), wanted.ports.end()},
                    .memory = wanted.memory};
  append_tcp_sockets(node_, query, seen_, said);
  query.protocol = Protocol::udp;
  query.states = states_beside_servers(Protocol::udp);
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    query.family = family;
    append_sockets(node_, query, seen_, said);
  }
  next_ = node_.clock->steady() + kRest * (node_.clock->thread_cpu() - begin);
  problems_ = std::move(said.problems);
  unread_ = std::move(said.unread);
  std::ranges::sort(said.partly_shown);
  const auto repeated = std::ranges::unique(said.partly_shown);
  said.partly_shown.erase(repeated.begin(), repeated.end());
  partly_shown_ = std::move(said.partly_shown);
}

void FullStateScan::append(const Wanted& wanted, SteadyTime now,
                           std::vector<Socket>& sockets) const {
  // A socket that began to listen since then is there as what it is now.
  std::unordered_set<std::uint64_t> known;
  for (const Socket& socket : sockets) {
    if (std::ranges::binary_search(wanted.ports, socket.local_port)) known.insert(socket.cookie);
  }
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - scanned_).count();
  for (const Socket& socket : seen_) {
    if (!std::ranges::binary_search(wanted.ports, socket.local_port)) continue;
    if (socket.cookie != 0 && known.contains(socket.cookie)) continue;
    if (!socket.expires_ms) {
      sockets.push_back(socket);
    } else if (std::cmp_greater(*socket.expires_ms, age)) {
      sockets.push_back(socket);
      sockets.back().expires_ms = *socket.expires_ms - static_cast<std::uint32_t>(age);
    }
  }
}

}  // namespace hostnet
