#include "agent/ports/scan/full_state_scan.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include "agent/ports/protocols.h"
#include "agent/ports/scan/append_sockets.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// Servers are part of every scan's dump, so they would appear twice.
std::uint32_t states_beside_servers(Protocol protocol) {
  const auto server = protocol == Protocol::udp ? SocketState::close : SocketState::listen;
  return kEverySocketState & ~state_bit(server);
}

}  // namespace

bool FullStateScan::scan(const Wanted& wanted, SteadyTime now, std::vector<Socket>& sockets,
                         Coverage& coverage) {
  const bool due = !wanted.paced || pacer_.due(now);
  if (wanted.ports.empty()) {
    if (due) seen_.clear();
    return false;
  }
  if (due) {
    dump(wanted);
    scanned_ = now;
  }
  append(wanted, now, sockets);
  std::ranges::copy(said_.problems, std::back_inserter(coverage.problems));
  coverage.partly_shown = said_.partly_shown;
  coverage.unread.insert(said_.unread.begin(), said_.unread.end());
  return due;
}

void FullStateScan::dump(const Wanted& wanted) {
  seen_.clear();
  said_ = {};
  const auto begin = node_.clock->thread_cpu();
  SocketQuery query{.protocol = Protocol::tcp,
                    .family = AddressFamily::ipv4,
                    .states = states_beside_servers(Protocol::tcp),
                    .ports = {wanted.ports.begin(), wanted.ports.end()},
                    .memory = wanted.memory};
  append_tcp_sockets(node_, query, seen_, said_);
  query.protocol = Protocol::udp;
  query.states = states_beside_servers(Protocol::udp);
  for (const AddressFamily family : kAddressFamilies) {
    query.family = family;
    append_sockets(node_, query, seen_, said_);
  }
  pacer_.rest(node_.clock->steady(), node_.clock->thread_cpu() - begin);
  sort_unique(said_.partly_shown);
}

void FullStateScan::append(const Wanted& wanted, SteadyTime now,
                           std::vector<Socket>& sockets) const {
  // A socket that has started to listen since then is already present in its new state.
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
