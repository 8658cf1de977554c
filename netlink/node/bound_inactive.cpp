#include "netlink/node/bound_inactive.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

#include "netlink/base/ranges.h"
#include "netlink/base/unique_fd.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

struct OwnSocket {
  UniqueFd fd;
  std::uint16_t port{};
  std::uint64_t inode{};
};

std::optional<OwnSocket> bind_own_socket(AddressFamily family) {
  sockaddr_storage address{};
  if (family == AddressFamily::ipv4) {
    const sockaddr_in loopback{.sin_family = AF_INET,
                               .sin_port = 0,
                               .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                               .sin_zero = {}};
    std::memcpy(&address, &loopback, sizeof loopback);
  } else {
    const sockaddr_in6 loopback{.sin6_family = AF_INET6,
                                .sin6_port = 0,
                                .sin6_flowinfo = 0,
                                .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                                .sin6_scope_id = 0};
    std::memcpy(&address, &loopback, sizeof loopback);
  }
  void* const raw = &address;
  OwnSocket own;
  own.fd.reset(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  socklen_t length = family == AddressFamily::ipv4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  struct stat about{};
  if (!own.fd || ::bind(own.fd.get(), static_cast<sockaddr*>(raw), length) != 0 ||
      ::getsockname(own.fd.get(), static_cast<sockaddr*>(raw), &length) != 0 ||
      ::fstat(own.fd.get(), &about) != 0) {
    return std::nullopt;
  }
  sockaddr_in bound{};  // the port is at the same place in both families
  std::memcpy(&bound, &address, sizeof bound);
  own.port = ntohs(bound.sin_port);
  own.inode = about.st_ino;
  return own;
}

}  // namespace

std::optional<bool> proves_bound_inactive(Netlink& netlink) {
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    const auto own = bind_own_socket(family);
    if (!own) continue;
    const auto sockets = read_sockets(netlink, {.protocol = Protocol::tcp,
                                                .family = family,
                                                .states = state_bit(SocketState::bound_inactive),
                                                .ports = {own->port}});
    if (!sockets) return std::nullopt;
    return contains(*sockets, own->inode, &Socket::inode);
  }
  return std::nullopt;
}

}  // namespace hostnet
