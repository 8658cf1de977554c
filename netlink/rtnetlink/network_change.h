#pragma once

// What rtnetlink's multicast groups say came, changed or went, without decoding
// it: cheap enough for a route server's storm.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "netlink/netlink.h"

namespace hostnet {

enum class NetworkObject : std::uint8_t { link, address, route, rule, neighbour };
inline constexpr std::size_t kNetworkObjects = 5;

std::string_view to_string(NetworkObject object);  // "link", "address"...

struct NetworkChange {
  NetworkObject object{};
  bool gone{};  // RTM_DEL*; else it is new, or something of it changed
  bool operator==(const NetworkChange&) const = default;
};

// None: a message about something else, a bridge's view of a link or a
// neighbour (AF_BRIDGE repeats what the link itself says), or a route that the
// kernel only cached.
std::optional<NetworkChange> network_change(const NetlinkMessage& message);

// Hears of links, addresses, routes and rules of both families, and of
// neighbours where asked for (every step of their state machine is an event).
// What the kernel does not tell: IPv4 routes that go because their device or
// address went.
Result<std::unique_ptr<Subscription>> subscribe_to_network_changes(Netlink& netlink,
                                                                   bool neighbours);

}  // namespace hostnet
