#include "agent/ports/port_table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "agent/ports/join_pods.h"
#include "agent/ports/kernel_socket.h"
#include "agent/ports/port_ranges.h"
#include "netlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint32_t kTcpServers = state_bit(SocketState::listen);
constexpr std::uint32_t kUdpServers = state_bit(SocketState::close);
// A busy server has any number of connections on its own port: enough of them
// to show, never all.
constexpr std::size_t kMostConnectionsPerPort = 256;

Problem dump_problem(std::string_view code, const Error& error, std::string_view remedy) {
  return {.code = std::string(code), .message = error.message, .remedy = std::string(remedy)};
}

std::string_view remedy_of(const Error& error) {
  if (error.reason == Reason::denied) {
    return "allow netlink sockets of NETLINK_SOCK_DIAG and NETLINK_ROUTE (seccomp, SELinux)";
  }
  if (error.reason == Reason::unsupported) return "load the kernel modules tcp_diag and udp_diag";
  return "look again; if it stays, report it with the output of `hostnet-agent record`";
}

const std::string* name_of_link(std::span<const Link> links, std::uint32_t index) {
  const auto found = std::ranges::find(links, index, &Link::index);
  return found == links.end() ? nullptr : &found->name;
}

bool in_port_order(const Socket& a, const Socket& b) {
  const auto key = [](const Socket& socket) {
    return std::tie(socket.protocol, socket.local_port, socket.local, socket.cookie);
  };
  return key(a) < key(b);
}

}  // namespace

bool shows_bound_inactive(std::string_view release) {
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = release.end();
  const auto [dot, bad_major] = std::from_chars(release.begin(), end, major);
  if (bad_major != std::errc{} || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return false;
  return std::pair(major, minor) >= std::pair(6U, 8U);
}

PortTableBuilder::PortTableBuilder(const Node& node) : node_(node), attribution_(node) {}

void PortTableBuilder::read_sockets_of(const SocketQuery& query, PortTable& table) {
  const std::size_t before = sockets_.size();
  std::map<std::uint16_t, std::size_t> connections;
  const auto restart = [&] {
    sockets_.resize(before);
    connections.clear();
  };
  const auto add = [&](const Socket& socket) {
    if (!socket.is_server() && ++connections[socket.local_port] > kMostConnectionsPerPort) return;
    sockets_.push_back(socket);
  };
  const auto done = node_.netlink->sockets(query, {.on_restart = restart, .on_socket = add});
  if (done) return;
  restart();
  // A kernel without IPv6 has no such sockets.
  const Error& error = done.error();
  if (query.family == AddressFamily::ipv6 && !node_.files->exists("proc/sys/net/ipv6")) return;
  table.problems.push_back(dump_problem("sock_diag_failed", error, remedy_of(error)));
}

void PortTableBuilder::look_deep(const LookOptions& options, PortTable& table) {
  std::unordered_set<std::uint64_t> known;
  for (const Socket& socket : sockets_) known.insert(socket.cookie);
  const std::size_t before = sockets_.size();
  for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
    for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
      read_sockets_of({.protocol = protocol,
                       .family = family,
                       .states = kEverySocketState,
                       .ports = options.deep_ports,
                       .memory = options.memory},
                      table);
    }
  }
  const auto again = std::remove_if(
      sockets_.begin() + static_cast<std::ptrdiff_t>(before), sockets_.end(),
      [&](const Socket& socket) { return socket.cookie != 0 && known.contains(socket.cookie); });
  sockets_.erase(again, sockets_.end());
}

void PortTableBuilder::read_network(const LookOptions& options, PortTable& table) {
  constexpr std::string_view kRemedy = "allow netlink sockets of NETLINK_ROUTE (seccomp, SELinux)";
  if (options.network_changed || !network_known_) {
    auto links = read_links(*node_.netlink);
    auto addresses = read_addresses(*node_.netlink);
    network_known_ = links && addresses;
    if (!links) table.problems.push_back(dump_problem("rtnetlink_failed", links.error(), kRemedy));
    if (!addresses) {
      table.problems.push_back(dump_problem("rtnetlink_failed", addresses.error(), kRemedy));
    }
    links_ = std::move(links).value_or(std::move(links_));
    addresses_ = std::move(addresses).value_or(std::move(addresses_));
  }
  table.links = links_;
  table.addresses = addresses_;
}

void PortTableBuilder::add_holders(PortTable& table) {
  // Holders are large: the sockets are sorted instead of them.
  std::ranges::sort(sockets_, in_port_order);
  table.holders.reserve(sockets_.size());
  for (const Socket& socket : sockets_) {
    Holder holder{.socket = socket, .owner = attribution_.owner_of(socket)};
    if (const auto* name = name_of_link(links_, socket.interface)) holder.device = *name;
    if (holder.owner.kind == HolderKind::kernel) {
      if (const Link* tunnel = tunnel_of(socket, links_)) holder.device = tunnel->name;
    }
    holder.name = name_of(holder);
    table.holders.push_back(std::move(holder));
  }
}

PortTable PortTableBuilder::look(const LookOptions& options, SteadyTime now) {
  PortTable table;
  sockets_.clear();
  for (const AddressFamily family : {AddressFamily::ipv4, AddressFamily::ipv6}) {
    read_sockets_of({.protocol = Protocol::tcp, .family = family, .states = kTcpServers}, table);
    read_sockets_of({.protocol = Protocol::udp,
                     .family = family,
                     .states = kUdpServers,
                     .memory = options.memory},
                    table);
  }
  if (!options.deep_ports.empty()) look_deep(options, table);
  // After the sockets, so that a tunnel's device is never missing.
  read_network(options, table);
  table.ranges = read_port_ranges(*node_.files, table.problems);

  Attribution::Options attribution{.node_components = options.node_components,
                                   .ephemeral = table.ranges.ephemeral};
  std::ranges::set_union(options.deep_ports, options.urgent_ports,
                         std::back_inserter(attribution.urgent_ports));
  attribution_.update(sockets_, links_, attribution, now);
  table.attribution_complete = !attribution_.problem().has_value();
  if (!table.attribution_complete) table.problems.push_back(*attribution_.problem());
  add_holders(table);

  if (!shows_bound_inactive(node_.identity.release)) {
    table.limits.push_back(
        {.code = "bound_inactive_invisible",
         .message = fmt::format("Linux {} does not show TCP sockets that are bound and do not "
                                "listen",
                                node_.identity.release),
         .remedy = "Linux 6.8 or newer shows them"});
  }
  std::ranges::sort(table.problems);
  table.problems.erase(std::ranges::unique(table.problems).begin(), table.problems.end());
  return table;
}

}  // namespace hostnet
