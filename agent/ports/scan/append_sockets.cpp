#include "agent/ports/scan/append_sockets.h"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "agent/ports/protocols.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

// A busy server has any number of connections on its own port: keep enough to show, never all.
constexpr std::size_t kMostConnectionsPerPort = 256;

std::string_view remedy_of_sock_diag(const Error& error) {
  if (error.reason == Reason::denied) {
    return "allow netlink sockets of NETLINK_SOCK_DIAG and NETLINK_ROUTE (seccomp, SELinux)";
  }
  if (error.reason == Reason::unsupported) return "load the kernel modules tcp_diag and udp_diag";
  return "scan again; if it stays, report it with the output of `hostnet-agent record`";
}

// Collects sockets as they arrive, but only a limited number of connections per port.
class SocketTaker {
 public:
  explicit SocketTaker(std::vector<Socket>& sockets) : sockets_(sockets) {}

  void restart() {
    sockets_.resize(before_);
    connections_.clear();
  }
  void take(const Socket& socket) {
    if (!socket.is_server() && ++connections_[socket.local_port] > kMostConnectionsPerPort) return;
    sockets_.push_back(socket);
  }
  void tell_partly_shown(Protocol protocol, Coverage& coverage) const {
    for (const auto& [port, count] : connections_) {
      if (count > kMostConnectionsPerPort) coverage.partly_shown.emplace_back(protocol, port);
    }
  }

 private:
  std::vector<Socket>& sockets_;
  std::size_t before_ = sockets_.size();
  std::unordered_map<std::uint16_t, std::size_t> connections_;
};

}  // namespace

void append_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                    Coverage& coverage) {
  SocketTaker taker(sockets);
  const auto done = node.netlink->sockets(
      query, {.on_restart = [&] { taker.restart(); },
              .on_socket = [&](const Socket& socket) { taker.take(socket); }});
  if (done) return taker.tell_partly_shown(query.protocol, coverage);
  taker.restart();
  // Without IPv6 in the kernel there are no such sockets.
  const Error& error = done.error();
  if (query.family == AddressFamily::ipv6 && !node.files->exists("proc/sys/net/ipv6")) return;
  coverage.unread.insert(query.protocol);
  coverage.problems.push_back(read_problem("sock_diag_failed", error, remedy_of_sock_diag(error)));
}

void append_tcp_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                        Coverage& coverage) {
  SocketTaker taker(sockets);
  SocketQuery wanted = query;
  wanted.protocol = Protocol::tcp;
  const auto take = [&](const NetlinkMessage& message) -> Result<> {
    const auto socket = decode_socket(message, Protocol::tcp);
    if (!socket) return std::unexpected(socket.error());
    wanted.family = socket->local.family;
    if (matches(wanted, *socket)) taker.take(*socket);
    return {};
  };
  const auto done =
      node.netlink->dump(tcp_request_of_both_families(query),
                         {.on_restart = [&] { taker.restart(); }, .on_message = take});
  if (done) return taker.tell_partly_shown(Protocol::tcp, coverage);
  taker.restart();
  for (const AddressFamily family : kAddressFamilies) {
    wanted.family = family;
    append_sockets(node, wanted, sockets, coverage);
  }
}

}  // namespace hostnet
