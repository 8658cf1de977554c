#include "netlink/sock_diag.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <string>

#include "netlink/attributes.h"
#include "netlink/port_filter.h"
#include "netlink/request.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kHalfOpen =
    state_bit(SocketState::syn_recv) | state_bit(SocketState::new_syn_recv);
constexpr std::uint8_t kTimerOfTimeWait = 3;

std::uint32_t wanted_states(const SocketQuery& query) {
  return (query.states & kHalfOpen) != 0 ? query.states | kHalfOpen : query.states;
}

IpAddress ip_from_words(AddressFamily family, const __be32 (&words)[4]) {
  return *ip_of(family, std::as_bytes(std::span(words)));
}

std::uint16_t from_big_endian(__be16 value) {
  return ntohs(value);
}

Result<> decode_socket_attributes(std::span<const std::byte> attributes, Socket& socket) {
  return walk_attributes(attributes, [&](const NetlinkAttribute& attribute) -> Result<> {
    switch (attribute.type) {
      case INET_DIAG_SKV6ONLY: socket.v6only = copy_of<std::uint8_t>(attribute.value) != 0; break;
      case INET_DIAG_CGROUP_ID: socket.cgroup_id = copy_of<std::uint64_t>(attribute.value); break;
      case INET_DIAG_SKMEMINFO: {
        constexpr std::size_t kDropsAt = SK_MEMINFO_DROPS * sizeof(std::uint32_t);
        if (attribute.value.size() >= kDropsAt + sizeof(std::uint32_t)) {
          socket.drops = copy_of<std::uint32_t>(attribute.value.subspan(kDropsAt));
        }
        break;
      }
      default: break;
    }
    return {};
  });
}

}  // namespace

NetlinkRequest socket_request(const SocketQuery& query) {
  inet_diag_req_v2 request{};
  request.sdiag_family = system_family(query.family);
  request.sdiag_protocol = ip_protocol(query.protocol);
  request.idiag_ext = query.memory ? 1U << (INET_DIAG_SKMEMINFO - 1) : 0;
  request.idiag_states = wanted_states(query);
  RequestBuilder builder(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
                         "listing " + std::string(to_string(query.protocol)) + " sockets over " +
                             std::string(to_string(query.family)));
  builder.fixed(request);
  if (!query.ports.empty()) builder.attribute(INET_DIAG_REQ_BYTECODE, port_filter(query.ports));
  return std::move(builder).build();
}

NetlinkRequest tcp_request_of_both_families(const SocketQuery& query) {
  inet_diag_req request{};
  request.idiag_ext = query.memory ? 1U << (INET_DIAG_SKMEMINFO - 1) : 0;
  request.idiag_states = wanted_states(query);
  RequestBuilder builder(NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK, NLM_F_DUMP, "listing tcp sockets");
  builder.fixed(request);
  if (!query.ports.empty()) builder.attribute(INET_DIAG_REQ_BYTECODE, port_filter(query.ports));
  return std::move(builder).build();
}

Result<Socket> decode_socket(const NetlinkMessage& message, Protocol protocol) {
  const auto reply = copy_of<inet_diag_msg>(message.payload);
  const auto family = ip_family(reply.idiag_family);
  const bool is_socket = message.type == SOCK_DIAG_BY_FAMILY || message.type == TCPDIAG_GETSOCK;
  if (!is_socket || message.payload.size() < sizeof reply || !family) {
    return failure(Reason::malformed, "reading a socket: type " + std::to_string(message.type) +
                                          ", family " + std::to_string(reply.idiag_family) + ", " +
                                          std::to_string(message.payload.size()) + " bytes");
  }
  Socket socket;
  socket.protocol = protocol;
  socket.state = static_cast<SocketState>(reply.idiag_state);
  if (protocol == Protocol::tcp && socket.state == SocketState::close) {
    socket.state = SocketState::bound_inactive;
  }
  socket.local = ip_from_words(*family, reply.id.idiag_src);
  socket.local_port = from_big_endian(reply.id.idiag_sport);
  socket.peer = ip_from_words(*family, reply.id.idiag_dst);
  socket.peer_port = from_big_endian(reply.id.idiag_dport);
  socket.interface = reply.id.idiag_if;
  socket.uid = reply.idiag_uid;
  socket.inode = reply.idiag_inode;
  socket.cookie =
      std::uint64_t{reply.id.idiag_cookie[1]} << 32 | std::uint64_t{reply.id.idiag_cookie[0]};
  socket.receive_queue = reply.idiag_rqueue;
  socket.send_queue = reply.idiag_wqueue;
  if (reply.idiag_timer == kTimerOfTimeWait) socket.expires_ms = reply.idiag_expires;
  Result<> decoded = decode_socket_attributes(after(message.payload, sizeof reply), socket);
  if (!decoded) return std::unexpected(std::move(decoded).error());
  return socket;
}

bool matches(const SocketQuery& query, const Socket& socket) {
  const auto state = static_cast<unsigned>(socket.state);
  return socket.protocol == query.protocol && socket.local.family == query.family && state < 32 &&
         (wanted_states(query) >> state & 1U) != 0 &&
         (query.ports.empty() || std::ranges::binary_search(query.ports, socket.local_port));
}

Result<std::vector<Socket>> read_sockets(Netlink& netlink, const SocketQuery& query) {
  std::vector<Socket> sockets;
  Result<> done = netlink.sockets(
      query, {[&] { sockets.clear(); }, [&](const Socket& socket) { sockets.push_back(socket); }});
  if (!done) return std::unexpected(std::move(done).error());
  return sockets;
}

}  // namespace hostnet
