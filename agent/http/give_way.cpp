#include "agent/http/give_way.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <tuple>

namespace hostnet {
namespace {

enum class Worth { being_closed, waits_for_client, reads };

Worth worth_of(Phase phase) {
  switch (phase) {
    case Phase::lingering: return Worth::being_closed;
    case Phase::sniffing:
    case Phase::handshaking:
    case Phase::asking:
    case Phase::idle: return Worth::waits_for_client;
    case Phase::flushing: return Worth::reads;
  }
  return Worth::reads;
}

struct Candidate {
  bool spared{};
  std::size_t site_has{};
  std::size_t peer_has{};
  Worth worth{};
  Connection* connection{};

  bool operator<(const Candidate& other) const {
    // Connections of the peer with more come first.
    return std::tuple(spared, other.site_has, other.peer_has, worth, connection->phase_began,
                      connection->id()) < std::tuple(other.spared, site_has, peer_has, other.worth,
                                                     other.connection->phase_began,
                                                     other.connection->id());
  }
};

std::vector<Candidate> candidates_of(std::span<Connection* const> connections) {
  std::map<PeerShare, std::size_t> count, of_site;
  for (const Connection* connection : connections) {
    ++count[connection->place.share];
    ++of_site[connection->place.share.site()];
  }
  std::vector<Candidate> all;
  all.reserve(connections.size());
  std::size_t kept = 0;
  for (Connection* connection : connections) {
    const std::size_t has = count[connection->place.share];
    all.push_back({.spared = connection->kept && has <= kKeptConnections,
                   .site_has = of_site[connection->place.share.site()],
                   .peer_has = has,
                   .worth = worth_of(connection->phase),
                   .connection = connection});
    if (all.back().spared) ++kept;
  }
  if (kept * 2 > all.size()) {
    for (Candidate& one : all) one.spared = false;
  }
  return all;
}

}  // namespace

std::vector<Connection*> first_to_give_way(std::span<Connection* const> connections,
                                           std::size_t most) {
  std::vector<Candidate> all = candidates_of(connections);
  most = std::min(most, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(most), std::less<>());
  std::vector<Connection*> first;
  if (most == 0) return first;
  const Candidate& worst = all.front();
  std::size_t next_has = 0;
  for (const Candidate& one : all) {
    const bool same = one.connection->place.share == worst.connection->place.share;
    if (!same) next_has = std::max(next_has, one.peer_has);
  }
  const std::size_t more = worst.peer_has > next_has ? worst.peer_has - next_has : 1;
  for (const Candidate& one : std::span(all).first(std::min(most, more))) {
    if (one.spared != worst.spared ||
        one.connection->place.share != worst.connection->place.share) {
      break;
    }
    first.push_back(one.connection);
  }
  return first;
}

void sort_by_bytes(std::span<Connection*> connections, std::size_t (Connection::*bytes)() const) {
  std::map<PeerShare, std::size_t> of_peer;
  for (const Connection* connection : connections) {
    of_peer[connection->place.share.site()] += (connection->*bytes)();
  }
  std::ranges::sort(connections, [&](const Connection* a, const Connection* b) {
    return std::tuple(of_peer[b->place.share.site()], a->phase_began) <
           std::tuple(of_peer[a->place.share.site()], b->phase_began);
  });
}

}  // namespace hostnet
