// netstat, softnet, udp_queues.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string error_with(const TestCollector& collector, const char* path, const char* text) {
  return collector.page(NodeBuilder().file(path, text).build()).error().message;
}

NodeBuilder node_with_statistics() {
  NodeBuilder builder;
  builder.file("proc/1/net/netstat",
               "TcpExt: SyncookiesSent ListenDrops DelayedACKs TCPTimeouts\n"
               "TcpExt: 1 2 3 4\n"
               "IpExt: InOctets\nIpExt: 18446744073709551615\n");
  builder.file("proc/1/net/snmp",
               "Ip: Forwarding DefaultTTL\nIp: 1 64\n"
               "Tcp: MaxConn InSegs\nTcp: -1 5577791\n");
  builder.file("proc/1/net/snmp6",
               "Ip6InOctets                     \t7\n"
               "Udp6InDatagrams 8\nUdpLite6InErrors 9\nIp6InReceives 10\n");
  return builder;
}

TEST(Netstat, GivesTheFieldsThatDashboardsUse) {
  EXPECT_EQ(*TestCollector("netstat").page(node_with_statistics().build()),
            "# TYPE node_netstat_Ip6_InOctets untyped\nnode_netstat_Ip6_InOctets 7\n"
            "# TYPE node_netstat_IpExt_InOctets untyped\n"
            "node_netstat_IpExt_InOctets 1.8446744073709552e+19\n"
            "# TYPE node_netstat_Ip_Forwarding untyped\nnode_netstat_Ip_Forwarding 1\n"
            "# TYPE node_netstat_TcpExt_ListenDrops untyped\nnode_netstat_TcpExt_ListenDrops 2\n"
            "# TYPE node_netstat_TcpExt_SyncookiesSent untyped\n"
            "node_netstat_TcpExt_SyncookiesSent 1\n"
            "# TYPE node_netstat_TcpExt_TCPTimeouts untyped\nnode_netstat_TcpExt_TCPTimeouts 4\n"
            "# TYPE node_netstat_Tcp_InSegs untyped\nnode_netstat_Tcp_InSegs 5.577791e+06\n"
            "# TYPE node_netstat_Udp6_InDatagrams untyped\nnode_netstat_Udp6_InDatagrams 8\n"
            "# TYPE node_netstat_UdpLite6_InErrors untyped\nnode_netstat_UdpLite6_InErrors 9\n");
}

TEST(Netstat, ShowsOtherFieldsOnRequest) {
  const TestCollector collector("netstat", {{"netstat.fields", {"MaxConn|DelayedACKs"}}});
  EXPECT_EQ(*collector.page(node_with_statistics().build()),
            "# TYPE node_netstat_TcpExt_DelayedACKs untyped\nnode_netstat_TcpExt_DelayedACKs 3\n"
            "# TYPE node_netstat_Tcp_MaxConn untyped\nnode_netstat_Tcp_MaxConn -1\n");
  EXPECT_THAT(refused_options("netstat", {{"netstat.fields", {"("}}}).message,
              HasSubstr("netstat.fields"));
}

TEST(Netstat, DoesWithoutIpv6ButNotWithoutEverything) {
  const TestCollector collector("netstat");
  EXPECT_TRUE(
      collector.page(NodeBuilder().file("proc/net/snmp", "Ip: Forwarding\nIp: 1\n").build()));
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Netstat, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("netstat");
  EXPECT_EQ(error_with(collector, "proc/net/snmp", "Tcp: InSegs\n"),
            "proc/net/snmp line 1: expected a line of names and one of numbers");
  EXPECT_EQ(error_with(collector, "proc/net/snmp", "Tcp: InSegs OutSegs\nTcp: 1\n"),
            "proc/net/snmp line 2: expected 2 numbers of Tcp:");
  EXPECT_EQ(error_with(collector, "proc/net/snmp", "Tcp: InSegs\nUdp: 1\n"),
            "proc/net/snmp line 2: expected 1 numbers of Tcp:");
  EXPECT_EQ(error_with(collector, "proc/net/netstat", "Tcp: InSegs\nTcp: x\n"),
            "proc/net/netstat line 2: \"x\" is not a number");
  EXPECT_EQ(error_with(collector, "proc/net/snmp6", "Ip6InOctets 1\nIp6InOctets\n"),
            "proc/net/snmp6 line 2: expected \"<protocol>6<field> <number>\"");
}

NodeBuilder node_with_softnet(const char* text) {
  NodeBuilder builder;
  builder.file("proc/1/net/softnet_stat", text);
  return builder;
}

TEST(Softnet, TakesTheCpuFromItsColumn) {
  const auto page = *TestCollector("softnet").page(
      node_with_softnet("00000001 00000002 00000003 0 0 0 0 0 00000004 00000005 00000006 00000007 "
                        "00000000 00000000 00000000\n"
                        "0000ff00 0 0 0 0 0 0 0 0 0 0 0 00000003 0 0\n")
          .build());
  for (const auto* line :
       {"node_softnet_processed_total{cpu=\"0\"} 1\n", "node_softnet_dropped_total{cpu=\"0\"} 2\n",
        "node_softnet_times_squeezed_total{cpu=\"0\"} 3\n",
        "node_softnet_cpu_collision_total{cpu=\"0\"} 4\n",
        "node_softnet_received_rps_total{cpu=\"0\"} 5\n",
        "node_softnet_flow_limit_count_total{cpu=\"0\"} 6\n",
        "# TYPE node_softnet_backlog_len gauge\nnode_softnet_backlog_len{cpu=\"0\"} 7\n",
        "# TYPE node_softnet_processed_total counter\n",
        "node_softnet_processed_total{cpu=\"3\"} 65280\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST(Softnet, CountsRowsOnKernelsThatNameNoCpu) {
  const auto page = *TestCollector("softnet").page(
      node_with_softnet("1 0 0 0 0 0 0 0 0\n2 0 0 0 0 0 0 0 0\n").build());
  EXPECT_THAT(page, HasSubstr("processed_total{cpu=\"0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("processed_total{cpu=\"1\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("backlog_len{cpu=\"1\"} 0\n"));
}

TEST(Softnet, GoesOnBeyond32Bits) {
  const TestCollector collector("softnet");
  const auto page = [&](const char* text) {
    return *collector.page(node_with_softnet(text).build());
  };
  EXPECT_THAT(page("fffffff0 0 0 0 0 0 0 0 0\n"), HasSubstr("{cpu=\"0\"} 4.29496728e+09\n"));
  EXPECT_THAT(page("00000010 0 0 0 0 0 0 0 0\n"), HasSubstr("{cpu=\"0\"} 4.294967312e+09\n"));
}

TEST(Softnet, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("softnet");
  constexpr auto kPath = "proc/net/softnet_stat";
  EXPECT_EQ(error_with(collector, kPath, "0 0 0 0\n"),
            "proc/net/softnet_stat line 1: has 4 columns, expected at least 9");
  EXPECT_EQ(error_with(collector, kPath, "0 x 0 0 0 0 0 0 0\n"),
            "proc/net/softnet_stat line 1: \"x\" is not a hexadecimal number");
  EXPECT_EQ(error_with(collector, kPath, "0 123456789 0 0 0 0 0 0 0\n"),
            "proc/net/softnet_stat line 1: \"123456789\" has more than 32 bits");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

constexpr auto kUdpHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr ...\n";

TEST(UdpQueues, AddsUpBothFamilies) {
  NodeBuilder builder;
  builder.file("proc/1/net/udp",
               std::string(kUdpHeading) +
                   "  0: 0A000005:0016 00000000:0000 07 00000010:00000001 00:00000000 0 0 0 1\n"
                   "  1: 00000000:0017 00000000:0000 07 00000004:00000002 00:00000000 0 0 0 1\n");
  const TestCollector collector("udp_queues");
  EXPECT_EQ(*collector.page(builder.build()),
            "# TYPE node_udp_queues gauge\n"
            "node_udp_queues{ip=\"v4\",queue=\"rx\"} 3\n"
            "node_udp_queues{ip=\"v4\",queue=\"tx\"} 20\n");
  builder.file("proc/1/net/udp6", kUdpHeading);
  EXPECT_THAT(*collector.page(builder.build()),
              HasSubstr("node_udp_queues{ip=\"v6\",queue=\"rx\"} 0\n"));
}

TEST(UdpQueues, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("udp_queues");
  const auto error_of = [&](const std::string& line) {
    return error_with(collector, "proc/net/udp", (kUdpHeading + line).c_str());
  };
  EXPECT_EQ(error_of("0: a:1 b:2\n"), "proc/net/udp line 2: no queues");
  EXPECT_EQ(error_of("0: a:1 b:2 07 12\n"),
            "proc/net/udp line 2: expected \"<tx_queue>:<rx_queue>\"");
  EXPECT_EQ(error_of("0: a:1 b:2 07 1:z\n"),
            "proc/net/udp line 2: \"z\" is not a hexadecimal number");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace hostnet
