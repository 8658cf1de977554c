// tcpstat, qdisc, network_route, interfaces, routes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <memory>

#include "tests/collectors/collect.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

IpAddress ip(std::string_view text) {
  return parse_ip(text).value();
}

Socket tcp_socket(SocketState state, std::string_view address, std::uint32_t received,
                  std::uint32_t sent) {
  Socket socket;
  socket.protocol = Protocol::tcp;
  socket.state = state;
  socket.local = ip(address);
  socket.peer.family = socket.local.family;
  socket.receive_queue = received;
  socket.send_queue = sent;
  return socket;
}

std::string state_line(std::string_view state, int value) {
  return "node_tcp_connection_states{state=\"" + std::string(state) + "\"} " +
         std::to_string(value) + "\n";
}

TEST(Tcpstat, HasEveryStateThoughNoSocketIsInIt) {
  const auto page = *TestCollector("tcpstat").page(NodeBuilder().build());
  EXPECT_THAT(page, StartsWith("# TYPE node_tcp_connection_states gauge\n"));
  for (const auto* state :
       {"established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close",
        "close_wait", "last_ack", "listen", "closing", "rx_queued_bytes", "tx_queued_bytes"}) {
    EXPECT_THAT(page, HasSubstr(state_line(state, 0)));
  }
  EXPECT_EQ(std::ranges::count(page, '\n'), 14);
}

TEST(Tcpstat, AddsUpBothFamiliesAndLeavesListenersOutOfTheBytes) {
  const Node node = NodeBuilder()
                        .socket(tcp_socket(SocketState::listen, "0.0.0.0", 3, 4096))
                        .socket(tcp_socket(SocketState::listen, "::", 1, 128))
                        .socket(tcp_socket(SocketState::established, "10.0.0.1", 5, 7))
                        .socket(tcp_socket(SocketState::established, "fe80::1", 10, 20))
                        .socket(tcp_socket(SocketState::time_wait, "10.0.0.1", 0, 0))
                        .socket(tcp_socket(SocketState::syn_recv, "10.0.0.1", 0, 0))
                        .socket(tcp_socket(SocketState::new_syn_recv, "10.0.0.1", 0, 0))
                        .socket(tcp_socket(SocketState::bound_inactive, "10.0.0.1", 0, 9))
                        .build();
  const auto page = *TestCollector("tcpstat").page(node);
  EXPECT_THAT(page, HasSubstr(state_line("listen", 2)));
  EXPECT_THAT(page, HasSubstr(state_line("established", 2)));
  EXPECT_THAT(page, HasSubstr(state_line("time_wait", 1)));
  EXPECT_THAT(page, HasSubstr(state_line("syn_recv", 2)));
  EXPECT_THAT(page, HasSubstr(state_line("close", 0)));
  EXPECT_THAT(page, HasSubstr(state_line("rx_queued_bytes", 15)));
  EXPECT_THAT(page, HasSubstr(state_line("tx_queued_bytes", 27)));
}

TEST(Tcpstat, CountsBothFamiliesInOneWalkWhereTheKernelGivesIt) {
  NodeBuilder builder;
  // What the other requests would give is not asked for.
  builder.socket(tcp_socket(SocketState::established, "10.0.0.1", 1, 1));
  builder.netlink().answers[{NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK}] = {
      encode_socket(tcp_socket(SocketState::listen, "::", 3, 4096)),
      encode_socket(tcp_socket(SocketState::close_wait, "10.0.0.1", 5, 7)),
      encode_socket(tcp_socket(SocketState::close_wait, "fe80::1", 10, 20))};
  const auto page = *TestCollector("tcpstat").page(builder.build());
  EXPECT_THAT(page, HasSubstr(state_line("established", 0)));
  EXPECT_THAT(page, HasSubstr(state_line("listen", 1)));
  EXPECT_THAT(page, HasSubstr(state_line("close_wait", 2)));
  EXPECT_THAT(page, HasSubstr(state_line("rx_queued_bytes", 15)));
  EXPECT_THAT(page, HasSubstr(state_line("tx_queued_bytes", 27)));
  builder.netlink().answers[{NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK}][1].resize(40);
  EXPECT_FALSE(TestCollector("tcpstat").page(builder.build()));
}

// Answers IPv4 sockets from memory, twice because the first dump was cut, and
// fails for IPv6.
class HalfNetlink final : public Netlink {
 public:
  explicit HalfNetlink(Reason ipv6) : ipv6_(ipv6) {}
  Result<> dump(const NetlinkRequest&, const DumpSink&) override {
    return failure(Reason::unsupported, "by family only");
  }
  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    if (query.family == AddressFamily::ipv6) return failure(ipv6_, "no IPv6");
    sink.on_socket(tcp_socket(SocketState::established, "10.0.0.1", 1, 1));
    sink.on_restart();
    sink.on_socket(tcp_socket(SocketState::established, "10.0.0.1", 1, 1));
    sink.on_socket(tcp_socket(static_cast<SocketState>(77), "10.0.0.1", 1, 1));
    return {};
  }
  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    return failure(Reason::unsupported, "nothing to hear");
  }

 private:
  Reason ipv6_;
};

TEST(Tcpstat, StartsAgainWithADumpThatDoesAndSkipsStatesItDoesNotKnow) {
  Node node = NodeBuilder().build();
  node.netlink = std::make_shared<HalfNetlink>(Reason::unsupported);
  const auto page = *TestCollector("tcpstat").page(node);
  EXPECT_THAT(page, HasSubstr(state_line("established", 1)));
  EXPECT_THAT(page, HasSubstr(state_line("rx_queued_bytes", 2)));
}

TEST(Tcpstat, DoesWithoutIpv6ButNotWithoutAnAnswer) {
  Node node = NodeBuilder().build();
  node.netlink = std::make_shared<HalfNetlink>(Reason::timeout);
  EXPECT_EQ(TestCollector("tcpstat").page(node).error().reason, Reason::timeout);
  NodeBuilder denied;
  denied.netlink().socket_failures[Protocol::tcp] = {
      .reason = Reason::denied, .system_error = 13, .message = "listing tcp sockets: no"};
  EXPECT_EQ(TestCollector("tcpstat").page(denied.build()).error().reason, Reason::denied);
}

constexpr auto kQdiscDump = std::pair{NETLINK_ROUTE, std::uint16_t{RTM_GETQDISC}};

Node node_with_qdiscs(const std::vector<Qdisc>& qdiscs) {
  NodeBuilder builder;
  builder.link({.index = 2, .name = "eth0"}).link({.index = 3, .name = "veth1", .kind = "veth"});
  for (const Qdisc& qdisc : qdiscs) {
    builder.netlink().answers[kQdiscDump].push_back(encode_qdisc(qdisc));
  }
  return builder.build();
}

Qdisc root_qdisc(std::uint32_t interface, std::string kind) {
  return {.interface = interface,
          .kind = std::move(kind),
          .handle = 0x80010000,
          .parent = TC_H_ROOT,
          .bytes = 1,
          .packets = 2,
          .drops = 3,
          .requeues = 4,
          .overlimits = 5,
          .queue_length = 6,
          .backlog = 7};
}

TEST(Qdisc, ShowsTheRootOfEachDevice) {
  Qdisc leaf = root_qdisc(2, "pfifo");
  leaf.parent = 0x80010001;
  Qdisc ingress = root_qdisc(2, "clsact");
  ingress.parent = TC_H_CLSACT;
  EXPECT_EQ(*TestCollector("qdisc").page(
                node_with_qdiscs({root_qdisc(3, "noqueue"), root_qdisc(2, "fq_codel"), leaf,
                                  ingress, root_qdisc(99, "vanished"), root_qdisc(2, "fq_codel")})),
            "# TYPE node_qdisc_backlog gauge\n"
            "node_qdisc_backlog{device=\"eth0\",kind=\"fq_codel\"} 7\n"
            "node_qdisc_backlog{device=\"veth1\",kind=\"noqueue\"} 7\n"
            "# TYPE node_qdisc_bytes_total counter\n"
            "node_qdisc_bytes_total{device=\"eth0\",kind=\"fq_codel\"} 1\n"
            "node_qdisc_bytes_total{device=\"veth1\",kind=\"noqueue\"} 1\n"
            "# TYPE node_qdisc_current_queue_length gauge\n"
            "node_qdisc_current_queue_length{device=\"eth0\",kind=\"fq_codel\"} 6\n"
            "node_qdisc_current_queue_length{device=\"veth1\",kind=\"noqueue\"} 6\n"
            "# TYPE node_qdisc_drops_total counter\n"
            "node_qdisc_drops_total{device=\"eth0\",kind=\"fq_codel\"} 3\n"
            "node_qdisc_drops_total{device=\"veth1\",kind=\"noqueue\"} 3\n"
            "# TYPE node_qdisc_overlimits_total counter\n"
            "node_qdisc_overlimits_total{device=\"eth0\",kind=\"fq_codel\"} 5\n"
            "node_qdisc_overlimits_total{device=\"veth1\",kind=\"noqueue\"} 5\n"
            "# TYPE node_qdisc_packets_total counter\n"
            "node_qdisc_packets_total{device=\"eth0\",kind=\"fq_codel\"} 2\n"
            "node_qdisc_packets_total{device=\"veth1\",kind=\"noqueue\"} 2\n"
            "# TYPE node_qdisc_requeues_total counter\n"
            "node_qdisc_requeues_total{device=\"eth0\",kind=\"fq_codel\"} 4\n"
            "node_qdisc_requeues_total{device=\"veth1\",kind=\"noqueue\"} 4\n");
}

TEST(Qdisc, KeepsTheDevicesThatItsFlagsName) {
  const Node node = node_with_qdiscs({root_qdisc(2, "mq"), root_qdisc(3, "noqueue")});
  EXPECT_THAT(*TestCollector("qdisc", {{"qdisc.device-include", {"^eth"}}}).page(node),
              Not(HasSubstr("veth1")));
  EXPECT_THAT(*TestCollector("qdisc", {{"qdisc.device-exclude", {"^eth"}}}).page(node),
              Not(HasSubstr("eth0")));
  EXPECT_THAT(
      refused_options("qdisc", {{"qdisc.device-include", {"a"}}, {"qdisc.device-exclude", {"b"}}})
          .message,
      HasSubstr("qdisc.device-include"));
}

TEST(Qdisc, GoesOnBeyond32BitsAndForgetsADeviceThatIsGone) {
  const TestCollector collector("qdisc");
  const auto drops = [&](std::uint64_t now, std::uint32_t interface = 2) {
    Qdisc qdisc = root_qdisc(interface, "fq");
    qdisc.drops = now;
    return *collector.page(node_with_qdiscs({qdisc}));
  };
  EXPECT_THAT(drops(0xFFFFFFF0),
              HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 4.29496728e+09\n"));
  EXPECT_THAT(drops(0x10), HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 4.294967312e+09\n"));
  drops(1, 3);
  EXPECT_THAT(drops(0x10), HasSubstr("drops_total{device=\"eth0\",kind=\"fq\"} 16\n"));
  Qdisc busy = root_qdisc(2, "fq");
  busy.packets = 0x100000005;
  EXPECT_THAT(*collector.page(node_with_qdiscs({busy})),
              HasSubstr("packets_total{device=\"eth0\",kind=\"fq\"} 4.294967301e+09\n"));
}

TEST(Qdisc, SaysWhyThereIsNothing) {
  NodeBuilder builder;
  builder.netlink().failures[kQdiscDump] = {
      .reason = Reason::denied, .system_error = 1, .message = "listing: not permitted"};
  EXPECT_EQ(TestCollector("qdisc").page(builder.build()).error().message, "listing: not permitted");
  NodeBuilder cut;
  auto message = encode_qdisc(root_qdisc(1, "fq"));
  message.resize(24);
  message[0] = std::byte{24};
  cut.netlink().answers[kQdiscDump] = {message};
  EXPECT_EQ(TestCollector("qdisc").page(cut.build()).error().reason, Reason::malformed);
}

Route unicast(std::string_view destination, std::uint8_t length, std::vector<NextHop> hops) {
  Route route;
  route.destination = ip(destination);
  route.family = route.destination.family;
  route.prefix_length = length;
  route.table = RT_TABLE_MAIN;
  route.protocol = RTPROT_STATIC;
  route.type = RTN_UNICAST;
  route.next_hops = std::move(hops);
  return route;
}

NextHop hop(std::uint32_t interface, std::optional<IpAddress> gateway = {},
            std::uint32_t weight = 1) {
  return {.interface = interface, .gateway = gateway, .weight = weight};
}

NodeBuilder node_with_two_links() {
  NodeBuilder builder;
  builder.link({.index = 2, .name = "eth0"}).link({.index = 3, .name = "eth1"});
  return builder;
}

TEST(NetworkRoute, ShowsEachNextHopOfUnicastRoutesWithItsTable) {
  Route own = unicast("10.0.0.0", 8, {hop(2)});
  own.preferred_source = ip("10.0.0.5");
  own.protocol = RTPROT_KERNEL;
  Route other_table = own;
  other_table.table = 1000;
  Route first_default = unicast("0.0.0.0", 0, {hop(2, ip("10.0.0.1"))});
  first_default.priority = 100;
  Route blackhole = unicast("192.0.2.0", 24, {});
  blackhole.type = RTN_BLACKHOLE;
  Route odd = unicast("2001:db8::", 32, {hop(77)});
  odd.protocol = 250;
  odd.table = RT_TABLE_LOCAL;
  const Node node =
      node_with_two_links()
          .route(own)
          .route(own)  // differs in its TOS, say
          .route(other_table)
          .route(first_default)
          .route(blackhole)
          .route(odd)
          .route(unicast("172.16.0.0", 12, {hop(2, ip("10.0.0.1"), 3), hop(3, ip("10.1.0.1"))}))
          .build();
  EXPECT_EQ(*TestCollector("network_route").page(node),
            "# TYPE node_network_route_info gauge\n"
            "node_network_route_info{dest=\"10.0.0.0/8\",device=\"eth0\",gw=\"\",priority=\"0\","
            "proto=\"kernel\",src=\"10.0.0.5\",table=\"1000\",weight=\"\"} 1\n"
            "node_network_route_info{dest=\"10.0.0.0/8\",device=\"eth0\",gw=\"\",priority=\"0\","
            "proto=\"kernel\",src=\"10.0.0.5\",table=\"main\",weight=\"\"} 1\n"
            "node_network_route_info{dest=\"172.16.0.0/12\",device=\"eth0\",gw=\"10.0.0.1\","
            "priority=\"0\",proto=\"static\",src=\"\",table=\"main\",weight=\"3\"} 1\n"
            "node_network_route_info{dest=\"172.16.0.0/12\",device=\"eth1\",gw=\"10.1.0.1\","
            "priority=\"0\",proto=\"static\",src=\"\",table=\"main\",weight=\"1\"} 1\n"
            "node_network_route_info{dest=\"2001:db8::/32\",device=\"\",gw=\"\",priority=\"0\","
            "proto=\"unknown\",src=\"\",table=\"local\",weight=\"\"} 1\n"
            "node_network_route_info{dest=\"default\",device=\"eth0\",gw=\"10.0.0.1\","
            "priority=\"100\",proto=\"static\",src=\"\",table=\"main\",weight=\"\"} 1\n"
            "# TYPE node_network_routes gauge\n"
            "node_network_routes{device=\"\"} 1\n"
            "node_network_routes{device=\"eth0\"} 5\n"
            "node_network_routes{device=\"eth1\"} 1\n");
}

TEST(NetworkRoute, KeepsTheDefaultRoutesOfBothFamiliesApart) {
  const auto page = *TestCollector("network_route")
                         .page(node_with_two_links()
                                   .route(unicast("0.0.0.0", 0, {hop(2)}))
                                   .route(unicast("::", 0, {hop(2)}))
                                   .build());
  EXPECT_THAT(page, HasSubstr("node_network_routes{device=\"eth0\"} 2\n"));
}

TEST(Interfaces, ShowsKindAndMaster) {
  NodeBuilder builder;
  builder.link({.index = 7, .name = "br0", .kind = "bridge"})
      .link({.index = 8, .name = "veth\"1", .kind = "veth", .master = 7})
      .link({.index = 9, .name = "eth0", .master = 4711});
  EXPECT_EQ(*TestCollector("interfaces").page(builder.build()),
            "# TYPE hostnet_interface_info gauge\n"
            "hostnet_interface_info{device=\"br0\",kind=\"bridge\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"eth0\",kind=\"\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"lo\",kind=\"\",master=\"\"} 1\n"
            "hostnet_interface_info{device=\"veth\\\"1\",kind=\"veth\",master=\"br0\"} 1\n");
}

TEST(Interfaces, SaysWhyThereIsNothing) {
  NodeBuilder builder;
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] = {
      .reason = Reason::denied, .system_error = 1, .message = "listing links: not permitted"};
  for (const auto* name : {"interfaces", "qdisc", "network_route"}) {
    EXPECT_EQ(TestCollector(name).page(builder.build()).error().reason, Reason::denied) << name;
  }
}

TEST(Routes, CountsEveryTypeByFamilyTableAndProtocol) {
  Route local = unicast("10.0.0.5", 32, {hop(2)});
  local.table = RT_TABLE_LOCAL;
  local.type = RTN_LOCAL;
  local.protocol = RTPROT_KERNEL;
  Route blackhole = unicast("192.0.2.0", 24, {});
  blackhole.type = RTN_BLACKHOLE;
  Route own_protocol = unicast("2001:db8::", 32, {hop(2)});
  own_protocol.protocol = 250;
  own_protocol.table = 4294967295;
  EXPECT_EQ(*TestCollector("routes").page(node_with_two_links()
                                              .route(local)
                                              .route(blackhole)
                                              .route(own_protocol)
                                              .route(unicast("10.0.0.0", 8, {hop(2), hop(3)}))
                                              .build()),
            "# TYPE hostnet_routes gauge\n"
            "hostnet_routes{family=\"ipv4\",protocol=\"kernel\",table=\"local\"} 1\n"
            "hostnet_routes{family=\"ipv4\",protocol=\"static\",table=\"main\"} 2\n"
            "hostnet_routes{family=\"ipv6\",protocol=\"250\",table=\"4294967295\"} 1\n");
}

TEST(Routes, SayWhatDoesNotParse) {
  NodeBuilder builder;
  auto message = encode_route(unicast("10.0.0.0", 8, {hop(2)}));
  message[message.size() - 8] = std::byte{0xff};  // the last attribute's length
  builder.netlink().answers[{NETLINK_ROUTE, RTM_GETROUTE}] = {message};
  for (const auto* name : {"routes", "network_route"}) {
    EXPECT_EQ(TestCollector(name).page(builder.build()).error().reason, Reason::malformed) << name;
  }
}

}  // namespace
}  // namespace hostnet
