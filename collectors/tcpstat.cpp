// TCP sockets by state, and bytes in their queues, counted while NETLINK_SOCK_DIAG
// sends them: memory does not grow with the number of sockets.

#include <array>
#include <cstddef>

#include "collectors/framework/collector.h"
#include "collectors/framework/families.h"
#include "netlink/tcp_states.h"

namespace hostnet {
namespace {

struct TcpStateLabel {
  SocketState state{};
  std::string_view label;
};

constexpr std::array<TcpStateLabel, 11> kTcpStates = {{
    {SocketState::established, "established"},
    {SocketState::syn_sent, "syn_sent"},
    {SocketState::syn_recv, "syn_recv"},
    {SocketState::fin_wait1, "fin_wait1"},
    {SocketState::fin_wait2, "fin_wait2"},
    {SocketState::time_wait, "time_wait"},
    {SocketState::close, "close"},
    {SocketState::close_wait, "close_wait"},
    {SocketState::last_ack, "last_ack"},
    {SocketState::listen, "listen"},
    {SocketState::closing, "closing"},
}};

// Sockets that are only bound are not connections.
constexpr std::uint32_t kTcpConnectionStates =
    kEverySocketState & ~state_bit(SocketState::bound_inactive);

struct TcpCounts {
  std::array<std::uint64_t, 16> by_state{};
  std::uint64_t receive_queued{}, send_queued{};

  void add(const auto& socket) {
    // The kernel's two states of a half-open connection have one name here.
    const SocketState state =
        socket.state == SocketState::new_syn_recv ? SocketState::syn_recv : socket.state;
    const auto at = static_cast<std::size_t>(state);
    if (at < by_state.size()) ++by_state[at];
    // A listener's queues are connections, not bytes.
    if (state == SocketState::listen) return;
    receive_queued += socket.receive_queue;
    send_queued += socket.send_queue;
  }
  void add_up(const TcpCounts& other) {
    for (std::size_t i = 0; i < by_state.size(); ++i) by_state[i] += other.by_state[i];
    receive_queued += other.receive_queued;
    send_queued += other.send_queued;
  }
};

Result<TcpCounts> count_tcp_sockets(Netlink& netlink) {
  TcpCounts counts;
  const auto add = [&](const NetlinkMessage& message) -> Result<> {
    const auto one = decode_tcp_state(message);
    if (!one) return std::unexpected(one.error());
    counts.add(*one);
    return {};
  };
  const auto done = netlink.dump(tcp_states_request(), {[&] { counts = {}; }, add});
  if (!done) return std::unexpected(done.error());
  return counts;
}

Result<TcpCounts> count_tcp_sockets_of(Netlink& netlink, AddressFamily family) {
  TcpCounts counts;
  const SocketQuery query{
      .protocol = Protocol::tcp, .family = family, .states = kTcpConnectionStates};
  const auto done = netlink.sockets(
      query, {[&] { counts = {}; }, [&](const Socket& socket) { counts.add(socket); }});
  if (!done) return std::unexpected(done.error());
  return counts;
}

// For a recording without the single request for both families.
Result<TcpCounts> count_tcp_sockets_by_family(Netlink& netlink) {
  auto counts = count_tcp_sockets_of(netlink, AddressFamily::ipv4);
  if (!counts) return counts;
  const auto ipv6 = count_tcp_sockets_of(netlink, AddressFamily::ipv6);
  if (ipv6) {
    counts->add_up(*ipv6);
  } else if (ipv6.error().reason != Reason::unsupported &&
             ipv6.error().reason != Reason::vanished) {  // a kernel without IPv6
    return std::unexpected(ipv6.error());
  }
  return counts;
}

Result<std::vector<MetricSource>> collect_tcpstat(Scrape& scrape) {
  Netlink& netlink = *scrape.node().netlink;
  auto counts = count_tcp_sockets(netlink);
  if (!counts && counts.error().reason == Reason::unsupported) {
    counts = count_tcp_sockets_by_family(netlink);
  }
  if (!counts) return std::unexpected(std::move(counts).error());

  FamilyList families;
  const auto add = [&](std::string_view state, std::uint64_t value) {
    families.add("node_tcp_connection_states",
                 "TCP sockets in each state, and bytes that wait in the queues of connections.",
                 kGauge, {{"state", state}}, static_cast<double>(value));
  };
  for (const auto& [state, label] : kTcpStates) {
    add(label, counts->by_state[static_cast<std::size_t>(state)]);
  }
  add("rx_queued_bytes", counts->receive_queued);
  add("tx_queued_bytes", counts->send_queued);
  return families.take();
}

}  // namespace

Collector tcpstat_collector() {
  return {.name = "tcpstat",
          .help = "TCP sockets by state",
          .enabled_by_default = false,
          .make = [](const CollectorOptions&) -> Result<Collect> { return collect_tcpstat; }};
}

}  // namespace hostnet
