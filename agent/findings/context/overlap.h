#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "agent/pods/pod.h"
#include "netlink/facts.h"

namespace hostnet {

// What a bind(2) occupies, as the kernel compares it (inet_rcv_saddr_equal() in
// net/ipv4/inet_connection_sock.c): an IPv4-mapped address is the IPv4 one.
struct Bind {
  IpAddress address;
  // Matters for IPv6 only. Unset: not known. A socket that bind() gave one
  // IPv6 address is v6only by that; one that connect() gave its address is not.
  std::optional<bool> v6only;
  std::uint32_t interface{};  // SO_BINDTODEVICE, 0: every device
  std::uint32_t vrf{};        // ifindex of the l3mdev the interface is in, 0: none
  bool operator==(const Bind&) const = default;
};

enum class Overlap { no, yes, unknown };

// Would `newcomer`, without SO_REUSEADDR and SO_REUSEPORT on either side, meet
// `holder` on the same port? The order matters once: an IPv6 connection that
// is not v6only stands in the way of 0.0.0.0. `unknown` only where the holder's
// v6only decides and is not known. VRFs keep TCP ports apart, not UDP's.
Overlap overlap(Protocol protocol, const Bind& newcomer, const Bind& holder);

// The bind of a socket. `links` give the VRF of a device.
Bind bind_of(const Socket& socket, std::span<const Link> links);

// What a server of this declaration is taken to bind: host IP 0.0.0.0 (or none,
// or no address at all) is the IPv4 wildcard, "::" the dual-stack one, anything
// else that address.
Bind bind_of(const DeclaredPort& declared);

// The same where the server may as well open a dual-stack wildcard socket
// (Go's ":8080"): only a declaration for any address has one.
std::optional<Bind> dual_stack_bind_of(const DeclaredPort& declared);

// What a socket does with its port, in the order that decides a verdict.
enum class PortUse {
  bound,      // listening, bound and silent, unconnected UDP
  connected,  // has a peer
  time_wait,  // remembers one
  handshake,  // a request of a listener: holds nothing by itself
};
PortUse port_use(const Socket& socket);

}  // namespace hostnet
