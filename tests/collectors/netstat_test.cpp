#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

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
  EXPECT_EQ(message_of(collector, "proc/net/snmp", "Tcp: InSegs\n"),
            "proc/net/snmp line 1: expected a line of names and one of numbers");
  EXPECT_EQ(message_of(collector, "proc/net/snmp", "Tcp: InSegs OutSegs\nTcp: 1\n"),
            "proc/net/snmp line 2: expected 2 numbers of Tcp:");
  EXPECT_EQ(message_of(collector, "proc/net/snmp", "Tcp: InSegs\nUdp: 1\n"),
            "proc/net/snmp line 2: expected 1 numbers of Tcp:");
  EXPECT_EQ(message_of(collector, "proc/net/netstat", "Tcp: InSegs\nTcp: x\n"),
            "proc/net/netstat line 2: \"x\" is not a number");
  EXPECT_EQ(message_of(collector, "proc/net/snmp6", "Ip6InOctets 1\nIp6InOctets\n"),
            "proc/net/snmp6 line 2: expected \"<protocol>6<field> <number>\"");
}

TEST(Netstat, AFileThatCannotBeReadIsAnErrorThoughTheOthersCan) {
  for (const auto* path : {"proc/1/net/netstat", "proc/1/net/snmp", "proc/1/net/snmp6"}) {
    auto builder = node_with_statistics();
    builder.file_error(path, failure(Reason::denied, "no").error());
    EXPECT_EQ(error_of(TestCollector("netstat"), builder.build()).reason, Reason::denied) << path;
  }
}

// A kernel update changes lines while the agent runs: a module comes or goes.
TEST(Netstat, ForgetsNamesThatChanged) {
  const TestCollector collector("netstat");
  const auto page = [&](const char* text) {
    return *collector.page(node_with_file("proc/net/snmp", text));
  };
  EXPECT_EQ(page("Tcp: InSegs OutSegs\nTcp: 1 2\n"),
            "# TYPE node_netstat_Tcp_InSegs untyped\nnode_netstat_Tcp_InSegs 1\n"
            "# TYPE node_netstat_Tcp_OutSegs untyped\nnode_netstat_Tcp_OutSegs 2\n");
  EXPECT_EQ(page("Tcp: New InSegs\nTcp: 1 2\n"),
            "# TYPE node_netstat_Tcp_InSegs untyped\nnode_netstat_Tcp_InSegs 2\n");
}

}  // namespace
}  // namespace hostnet
