#include "netlink/find_socket.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "netlink/attributes.h"
#include "netlink/request.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

std::size_t size_of(AddressFamily family) {
  return family == AddressFamily::ipv4 ? sizeof(in_addr) : sizeof(in6_addr);
}

NetlinkRequest request_for(const TcpEnds& ends) {
  inet_diag_req_v2 request{};
  const AddressFamily family = ends.local.family;
  request.sdiag_family = system_family(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = kEverySocketState;
  request.id.idiag_sport = htons(ends.local_port);
  request.id.idiag_dport = htons(ends.peer_port);
  std::memcpy(request.id.idiag_src, ends.local.bytes.data(), size_of(family));
  std::memcpy(request.id.idiag_dst, ends.peer.bytes.data(), size_of(family));
  std::ranges::fill(request.id.idiag_cookie, INET_DIAG_NOCOOKIE);
  RequestBuilder builder(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, 0, "finding a tcp socket");
  return std::move(builder.fixed(request)).build();
}

}  // namespace

Result<std::optional<Socket>> find_tcp_socket(Netlink& netlink, const TcpEnds& ends) {
  std::optional<Socket> found;
  const auto take = [&](const NetlinkMessage& message) -> Result<> {
    auto socket = decode_socket(message, Protocol::tcp);
    if (!socket) return std::unexpected(std::move(socket).error());
    found = *std::move(socket);
    return {};
  };
  const Result<> done = netlink.dump(request_for(ends), {[] {}, take});
  if (done) return found;
  if (done.error().system_error == ENOENT) return std::nullopt;
  return std::unexpected(done.error());
}

}  // namespace hostnet
