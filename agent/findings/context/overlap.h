#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "agent/pods/pod.h"
#include "netlink/facts.h"

namespace hostnet {

// The address that a bind(2) occupies, as the kernel compares it (inet_rcv_saddr_equal() in
// net/ipv4/inet_connection_sock.c): an IPv4-mapped address equals the IPv4 one.
struct Bind {
  IpAddress address;
  // For IPv6 only. Unset: not known. A socket that bind() gave one IPv6 address is implicitly
  // v6only; one that connect() gave its address is not.
  std::optional<bool> v6only;
  std::uint32_t interface{};  // SO_BINDTODEVICE, 0: any device
  std::uint32_t vrf{};        // ifindex of the l3mdev the interface is in, 0: none
  bool operator==(const Bind&) const = default;
};

enum class Overlap { no, yes, unknown };

// Whether `newcomer` would conflict with `holder` on the same port, without SO_REUSEADDR or
// SO_REUSEPORT on either side. The order matters in one case: an IPv6 connection that is not v6only
// blocks 0.0.0.0. `unknown` only where the holder's v6only decides and is not known. VRFs separate
// TCP ports, but not UDP ports.
Overlap overlap(Protocol protocol, const Bind& newcomer, const Bind& holder);

// The bind of a socket. `links` provide the VRF of a device.
Bind bind_of(const Socket& socket, std::span<const Link> links);

// The bind assumed for a server of this declaration: host IP 0.0.0.0 (or none, or not an address at
// all) is the IPv4 wildcard, "::" the dual-stack one, anything else that address.
Bind bind_of(const DeclaredPort& declared);

// The bind if the server may as well open a dual-stack wildcard socket (Go's ":8080"): only for
// declarations for any address.
std::optional<Bind> dual_stack_bind_of(const DeclaredPort& declared);

// How a socket uses its port, in order of precedence for a verdict.
enum class PortUse {
  bound,      // listening, bound and silent, unconnected UDP
  connected,  // has a peer
  time_wait,  // remembers a past peer
  handshake,  // a pending request of a listener: holds nothing on its own
};
PortUse port_use(const Socket& socket);

}  // namespace hostnet
