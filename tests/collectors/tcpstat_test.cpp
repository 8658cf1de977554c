#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include <algorithm>
#include <memory>

#include "tests/collectors/collect.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

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
  const Node node =
      NodeBuilder()
          .socket(queued_socket(Protocol::tcp, SocketState::listen, "0.0.0.0", 3, 4096))
          .socket(queued_socket(Protocol::tcp, SocketState::listen, "::", 1, 128))
          .socket(queued_socket(Protocol::tcp, SocketState::established, "10.0.0.1", 5, 7))
          .socket(queued_socket(Protocol::tcp, SocketState::established, "fe80::1", 10, 20))
          .socket(queued_socket(Protocol::tcp, SocketState::time_wait, "10.0.0.1", 0, 0))
          .socket(queued_socket(Protocol::tcp, SocketState::syn_recv, "10.0.0.1", 0, 0))
          .socket(queued_socket(Protocol::tcp, SocketState::new_syn_recv, "10.0.0.1", 0, 0))
          .socket(queued_socket(Protocol::tcp, SocketState::bound_inactive, "10.0.0.1", 0, 9))
          .build();
  const auto page = *TestCollector("tcpstat").page(node);
  EXPECT_EQ(page, R"(# TYPE node_tcp_connection_states gauge
node_tcp_connection_states{state="close"} 0
node_tcp_connection_states{state="close_wait"} 0
node_tcp_connection_states{state="closing"} 0
node_tcp_connection_states{state="established"} 2
node_tcp_connection_states{state="fin_wait1"} 0
node_tcp_connection_states{state="fin_wait2"} 0
node_tcp_connection_states{state="last_ack"} 0
node_tcp_connection_states{state="listen"} 2
node_tcp_connection_states{state="rx_queued_bytes"} 15
node_tcp_connection_states{state="syn_recv"} 2
node_tcp_connection_states{state="syn_sent"} 0
node_tcp_connection_states{state="time_wait"} 1
node_tcp_connection_states{state="tx_queued_bytes"} 27
)");
}

TEST(Tcpstat, CountsBothFamiliesInOneWalkWhereTheKernelGivesIt) {
  NodeBuilder builder;
  // What the other requests would give is not asked for.
  builder.socket(queued_socket(Protocol::tcp, SocketState::established, "10.0.0.1", 1, 1));
  builder.netlink().answers[{NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK}] = {
      encode_socket(queued_socket(Protocol::tcp, SocketState::listen, "::", 3, 4096)),
      encode_socket(queued_socket(Protocol::tcp, SocketState::close_wait, "10.0.0.1", 5, 7)),
      encode_socket(queued_socket(Protocol::tcp, SocketState::close_wait, "fe80::1", 10, 20))};
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
    sink.on_socket(queued_socket(Protocol::tcp, SocketState::established, "10.0.0.1", 1, 1));
    sink.on_restart();
    sink.on_socket(queued_socket(Protocol::tcp, SocketState::established, "10.0.0.1", 1, 1));
    sink.on_socket(queued_socket(Protocol::tcp, static_cast<SocketState>(77), "10.0.0.1", 1, 1));
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

}  // namespace
}  // namespace hostnet
