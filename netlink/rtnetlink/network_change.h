#pragma once

// What appeared, changed or disappeared according to rtnetlink's multicast groups,
// without decoding it: cheap enough for a route server's storm.

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
  bool gone{};  // RTM_DEL*; else it is new or changed
  bool operator==(const NetworkChange&) const = default;
};

// Unset: a message about something else, a bridge's view of a link or a neighbour
// (AF_BRIDGE repeats what the link itself reports), or a route that the kernel only
// cached.
std::optional<NetworkChange> network_change(const NetlinkMessage& message);

// Receives changes of links, addresses, routes and rules of both families, and of
// neighbours on request (every step of their state machine is an event). The kernel
// does not report IPv4 routes that disappear with their device or address.
Result<std::unique_ptr<Subscription>> subscribe_to_network_changes(Netlink& netlink,
                                                                   bool neighbours);

}  // namespace hostnet
