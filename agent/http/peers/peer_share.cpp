#include "agent/http/peers/peer_share.h"

#include <netinet/in.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>

#include "agent/http/peers/peer.h"

namespace hostnet {
namespace {

using Address = std::array<std::uint8_t, 16>;  // IPv4 in its v4-mapped form

Address address_of(const sockaddr_storage& name) {
  in6_addr address{};
  if (name.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &name, sizeof v4);
    address.s6_addr[10] = address.s6_addr[11] = 0xff;
    std::memcpy(&address.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &name, sizeof v6);
    address = v6.sin6_addr;
  }
  return std::bit_cast<Address>(address);
}

std::uint64_t number_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

PeerShare share_of(const Address& address) {
  const in6_addr v6 = std::bit_cast<in6_addr>(address);
  const std::span bytes(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return {.kind = PeerShare::Kind::ipv4, .id = number_of(bytes.subspan<12>())};
  }
  return {.kind = PeerShare::Kind::ipv6, .id = number_of(bytes.first<8>())};
}

PeerPlace unix_place(int socket) {
  ucred owner{};
  socklen_t size = sizeof owner;
  getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &owner, &size);
  return {.share = {.kind = PeerShare::Kind::unix_user, .id = owner.uid}, .local = true};
}

}  // namespace

PeerPlace place_of(int socket, const sockaddr_storage& peer, const FindLocalPeer& find) {
  if (peer.ss_family == AF_UNIX) return unix_place(socket);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  const bool named = getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) == 0;
  const Address address = address_of(peer);
  PeerPlace place{.share = share_of(address), .local = false};
  place.local = is_loopback(peer) || (named && address_of(own) == address);
  if (!place.local || !named || !find) return place;
  const auto found = find(peer, own);
  if (!found) return place;
  if (!*found) return {.share = {.kind = PeerShare::Kind::closed, .id = 0}};
  place.share = {.kind = PeerShare::Kind::owner, .id = (*found)->uid, .cgroup = (*found)->cgroup};
  return place;
}

}  // namespace hostnet
