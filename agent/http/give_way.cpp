#include "agent/http/give_way.h"

#include <algorithm>
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

}  // namespace

Connection* first_to_give_way(std::span<Connection* const> connections) {
  std::map<PeerShare, std::size_t> count;
  for (const Connection* connection : connections) ++count[connection->place.share];
  const auto keeps = [&](const Connection* connection) {
    return connection->kept && count[connection->place.share] <= kKeptConnections;
  };
  const auto kept = static_cast<std::size_t>(std::ranges::count_if(connections, keeps));
  const bool places_count = kept * 2 <= connections.size();
  const auto order = [&](const Connection* connection) {
    const bool spared = places_count && keeps(connection);
    const std::size_t others = connections.size() - count[connection->place.share];
    return std::tuple(spared, others, worth_of(connection->phase), connection->phase_began,
                      connection->id());
  };
  const auto first = std::ranges::min_element(connections, {}, order);
  return first == connections.end() ? nullptr : *first;
}

void sort_by_buffered(std::span<Connection*> flushing) {
  std::map<PeerShare, std::size_t> bytes;
  for (const Connection* connection : flushing) {
    bytes[connection->place.share] += connection->pending();
  }
  std::ranges::sort(flushing, [&](const Connection* a, const Connection* b) {
    return std::tuple(bytes[b->place.share], a->phase_began) <
           std::tuple(bytes[a->place.share], b->phase_began);
  });
}

}  // namespace hostnet
