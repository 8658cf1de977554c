#include "agent/serve/local_peers.h"

#include <netinet/in.h>

#include <cstring>
#include <utility>

#include "netlink/find_socket.h"

namespace hostnet {
namespace {

IpAddress ip_of(const sockaddr_storage& name) {
  IpAddress address;
  if (name.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &name, sizeof v4);
    address.family = AddressFamily::ipv4;
    std::memcpy(address.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return address;
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &name, sizeof v6);
  address.family = AddressFamily::ipv6;
  std::memcpy(address.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return address.unmapped();
}

std::uint16_t port_of(const sockaddr_storage& name) {
  // The port is in the same place in both families.
  sockaddr_in ends{};
  std::memcpy(&ends, &name, sizeof ends);
  return ntohs(ends.sin_port);
}

}  // namespace

FindLocalPeer find_local_peers(std::shared_ptr<Netlink> netlink) {
  return [netlink = std::move(netlink)](
             const sockaddr_storage& peer,
             const sockaddr_storage& own) -> Result<std::optional<LocalPeer>> {
    // The peer's address is the local end of the socket we look for.
    const auto found = find_tcp_socket(*netlink, {.local = ip_of(peer),
                                                  .local_port = port_of(peer),
                                                  .peer = ip_of(own),
                                                  .peer_port = port_of(own)});
    if (!found) return std::unexpected(found.error());
    if (!*found || (*found)->inode == 0) return std::nullopt;
    return LocalPeer{.uid = (*found)->uid, .cgroup = (*found)->cgroup_id.value_or(0)};
  };
}

}  // namespace hostnet
