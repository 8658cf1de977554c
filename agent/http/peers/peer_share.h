#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

#include "netlink/base/error.h"

// The unit in which the server is shared: connections, requests in progress,
// password checks and handshakes count per share; the largest one yields first.
namespace hostnet {

// The owner of a socket on this machine.
struct LocalPeer {
  std::uint32_t uid{};
  std::uint64_t cgroup{};
  bool operator==(const LocalPeer&) const = default;
};

// Finds the owner of the other end of a connection from this machine; nothing
// once that is closed. Called on the server's thread; must not block.
using FindLocalPeer = std::function<Result<std::optional<LocalPeer>>(const sockaddr_storage& peer,
                                                                     const sockaddr_storage& own)>;

// A remote peer's share is its IPv4 address or its IPv6 /64. A local peer's is
// its user and cgroup: all local peers have the same address.
struct PeerShare {
  enum class Kind : std::uint8_t { ipv4, ipv6, ipv6_site, owner, unix_user, closed };
  Kind kind{};
  std::uint64_t id{};
  std::uint64_t cgroup{};
  auto operator<=>(const PeerShare&) const = default;

  // The owner of an IPv6 /48 has 65,536 shares: they are compared as one site first, then share
  // by share. Any other share is a site of its own.
  PeerShare site() const {
    return kind == Kind::ipv6 ? PeerShare{.kind = Kind::ipv6_site, .id = id >> 16U} : *this;
  }
};

struct PeerPlace {
  PeerShare share;
  // Loopback, a unix socket, one of the node's own addresses (kubelet's probes).
  bool local{};
};

// The place of an accepted connection's peer. Without `find`, or if it fails,
// local peers are distinguished by address only.
PeerPlace place_of(int socket, const sockaddr_storage& peer, const FindLocalPeer& find);

}  // namespace hostnet
