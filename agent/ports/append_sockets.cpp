#include "agent/ports/append_sockets.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace hostnet {
namespace {

// A busy server has any number of connections on its own port: enough of them
// to show, never all.
constexpr std::size_t kMostConnectionsPerPort = 256;

std::string_view remedy_of_sock_diag(const Error& error) {
  if (error.reason == Reason::denied) {
    return "allow netlink sockets of NETLINK_SOCK_DIAG and NETLINK_ROUTE (seccomp, SELinux)";
  }
  if (error.reason == Reason::unsupported) return "load the kernel modules tcp_diag and udp_diag";
  return "look again; if it stays, report it with the output of `hostnet-agent record`";
}

}  // namespace

Problem dump_problem(std::string_view code, const Error& error, std::string_view remedy) {
  return {.code = std::string(code), .message = error.message, .remedy = std::string(remedy)};
}

void append_sockets(const Node& node, const SocketQuery& query, std::vector<Socket>& sockets,
                    PortTable& table) {
  const std::size_t before = sockets.size();
  std::unordered_map<std::uint16_t, std::size_t> connections;
  const auto restart = [&] {
    sockets.resize(before);
    connections.clear();
  };
  const auto add = [&](const Socket& socket) {
    if (!socket.is_server() && ++connections[socket.local_port] > kMostConnectionsPerPort) return;
    sockets.push_back(socket);
  };
  const auto done = node.netlink->sockets(query, {.on_restart = restart, .on_socket = add});
  if (done) {
    for (const auto& [port, count] : connections) {
      if (count > kMostConnectionsPerPort) table.partly_shown.emplace_back(query.protocol, port);
    }
    return;
  }
  restart();
  // A kernel without IPv6 has no such sockets.
  const Error& error = done.error();
  if (query.family == AddressFamily::ipv6 && !node.files->exists("proc/sys/net/ipv6")) return;
  table.problems.push_back(dump_problem("sock_diag_failed", error, remedy_of_sock_diag(error)));
}

}  // namespace hostnet
