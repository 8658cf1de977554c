#pragma once

#include <sys/socket.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

#include "netlink/base/error.h"

// Who shares one share of the server: connections, requests in work, password
// checks and handshakes are counted by it, and whoever has the most gives way.
namespace hostnet {

// The owner of a socket on this machine.
struct LocalPeer {
  std::uint32_t uid{};
  std::uint64_t cgroup{};
  bool operator==(const LocalPeer&) const = default;
};

// Who holds the other end of a connection from this machine; nothing once it is
// closed. Called on the server's thread; must not wait.
using FindLocalPeer = std::function<Result<std::optional<LocalPeer>>(const sockaddr_storage& peer,
                                                                     const sockaddr_storage& own)>;

// A remote peer's share is its IPv4 address or its IPv6 /64. A local one's is
// its user and cgroup: everybody there has the same address.
struct PeerShare {
  enum class Kind : std::uint8_t { ipv4, ipv6, ipv6_site, owner, unix_user, closed };
  Kind kind{};
  std::uint64_t id{};
  std::uint64_t cgroup{};
  auto operator<=>(const PeerShare&) const = default;

  // Whoever has an IPv6 /48 has 65,536 shares: what they have is compared as one first, then
  // share by share. Others are a site by themselves.
  PeerShare site() const {
    return kind == Kind::ipv6 ? PeerShare{.kind = Kind::ipv6_site, .id = id >> 16U} : *this;
  }
};

struct PeerPlace {
  PeerShare share;
  // Loopback, a unix socket, one of the node's own addresses (kubelet's probes).
  bool local{};
};

// Of an accepted connection. Without `find`, or where it fails, local peers are
// told apart by address only.
PeerPlace place_of(int socket, const sockaddr_storage& peer, const FindLocalPeer& find);

}  // namespace hostnet
