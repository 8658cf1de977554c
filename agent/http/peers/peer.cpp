#include "agent/http/peers/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

#include "netlink/base/loopback.h"

namespace hostnet {
namespace {

sockaddr_in as_ipv4(const sockaddr_storage& address) {
  sockaddr_in v4{};
  std::memcpy(&v4, &address, sizeof v4);
  return v4;
}

sockaddr_in6 as_ipv6(const sockaddr_storage& address) {
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return v6;
}

}  // namespace

std::uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(as_ipv4(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(as_ipv6(address).sin6_port);
  return 0;
}

std::string address_text(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string port = ":" + std::to_string(port_of(address));
  if (address.ss_family == AF_INET) {
    const sockaddr_in v4 = as_ipv4(address);
    return inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()) + port;
  }
  if (address.ss_family != AF_INET6) return "unix";
  const sockaddr_in6 v6 = as_ipv6(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size()) + port;
  }
  return "[" + std::string(inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size())) + "]" +
         port;
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_UNIX) return true;
  if (address.ss_family == AF_INET) {
    return (ntohl(as_ipv4(address).sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  return address.ss_family == AF_INET6 && is_loopback(as_ipv6(address).sin6_addr.s6_addr);
}

}  // namespace hostnet
