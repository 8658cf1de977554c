#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kTable =
    "IP Virtual Server version 1.2.1 (size=4096)\n"
    "Prot LocalAddress:Port Scheduler Flags\n"
    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
    "TCP  C0A80016:0CEA wlc\n"
    "  -> C0A85216:0CEA      Tunnel  100    248        2\n"
    "  -> C0A85318:0CEA      Tunnel  50     7          1\n"
    "UDP  [2620:0000:0000:0000:0000:0000:0000:0001]:0050 sh ops\n"
    "  -> [2620:0000:0000:0000:0000:0000:0000:0002]:0051      Route   1      3          4\n"
    "SCTP C0A80017:0CEB rr\n"
    "FWM  10001000 wlc\n"
    "  -> C0A8321A:0CEA      Route   0      0          5\n";

NodeBuilder node_with_servers() {
  NodeBuilder builder;
  builder.file("proc/1/net/ip_vs_stats",
               "   Total Incoming Outgoing         Incoming         Outgoing\n"
               "   Conns  Packets  Packets            Bytes            Bytes\n"
               " 16AA370 E33656E5        A     51D8C8883AB3        B\n\n"
               " Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s\n"
               "       4    1FB3C        0         1282A8F        0\n");
  builder.file("proc/1/net/ip_vs", kTable);
  return builder;
}

TEST(Ipvs, GivesTotalsAndBackends) {
  const auto page = *TestCollector("ipvs").page(node_with_servers().build());
  EXPECT_EQ(page, R"(# TYPE node_ipvs_backend_connections_active gauge
node_ipvs_backend_connections_active{local_address="",local_mark="10001000",local_port="0",proto="FWM",remote_address="192.168.50.26",remote_port="3306"} 0
node_ipvs_backend_connections_active{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.82.22",remote_port="3306"} 248
node_ipvs_backend_connections_active{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.83.24",remote_port="3306"} 7
node_ipvs_backend_connections_active{local_address="2620::1",local_mark="",local_port="80",proto="UDP",remote_address="2620::2",remote_port="81"} 3
# TYPE node_ipvs_backend_connections_inactive gauge
node_ipvs_backend_connections_inactive{local_address="",local_mark="10001000",local_port="0",proto="FWM",remote_address="192.168.50.26",remote_port="3306"} 5
node_ipvs_backend_connections_inactive{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.82.22",remote_port="3306"} 2
node_ipvs_backend_connections_inactive{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.83.24",remote_port="3306"} 1
node_ipvs_backend_connections_inactive{local_address="2620::1",local_mark="",local_port="80",proto="UDP",remote_address="2620::2",remote_port="81"} 4
# TYPE node_ipvs_backend_weight gauge
node_ipvs_backend_weight{local_address="",local_mark="10001000",local_port="0",proto="FWM",remote_address="192.168.50.26",remote_port="3306"} 0
node_ipvs_backend_weight{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.82.22",remote_port="3306"} 100
node_ipvs_backend_weight{local_address="192.168.0.22",local_mark="",local_port="3306",proto="TCP",remote_address="192.168.83.24",remote_port="3306"} 50
node_ipvs_backend_weight{local_address="2620::1",local_mark="",local_port="80",proto="UDP",remote_address="2620::2",remote_port="81"} 1
# TYPE node_ipvs_connections_total counter
node_ipvs_connections_total 2.3765872e+07
# TYPE node_ipvs_incoming_bytes_total counter
node_ipvs_incoming_bytes_total 8.9991519156915e+13
# TYPE node_ipvs_incoming_packets_total counter
node_ipvs_incoming_packets_total 3.811989221e+09
# TYPE node_ipvs_outgoing_bytes_total counter
node_ipvs_outgoing_bytes_total 11
# TYPE node_ipvs_outgoing_packets_total counter
node_ipvs_outgoing_packets_total 10
)");
}

TEST(Ipvs, AddsUpBackendsThatAgreeInTheLabelsAskedFor) {
  const TestCollector collector("ipvs", {{"ipvs.backend-labels", {"proto,local_port"}}});
  const auto page = *collector.page(node_with_servers().build());
  EXPECT_THAT(page, HasSubstr("node_ipvs_backend_connections_active{local_port=\"3306\","
                              "proto=\"TCP\"} 255\n"));
  EXPECT_THAT(page, HasSubstr("node_ipvs_backend_weight{local_port=\"3306\",proto=\"TCP\"} 150\n"));
  EXPECT_THAT(page, Not(HasSubstr("remote_")));
  EXPECT_EQ(refused_options("ipvs", {{"ipvs.backend-labels", {"proto,cpu"}}}).message,
            "--collector.ipvs.backend-labels: unknown label \"cpu\"");
}

TEST(Ipvs, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("ipvs");
  const auto error_of = [&](const std::string& line) {
    auto builder = node_with_servers();
    builder.file("proc/1/net/ip_vs", std::string(kTable) + line);
    return collector.page(builder.build()).error().message;
  };
  const std::string at = "proc/1/net/ip_vs line 12: ";
  EXPECT_EQ(error_of("TCP C0A80016 wlc\n"), at + "expected \"<address>:<port>\"");
  EXPECT_EQ(error_of("TCP C0A80016:12345 wlc\n"), at + "expected \"<address>:<port>\"");
  EXPECT_EQ(error_of("TCP [::g]:1 wlc\n"), at + "expected \"<address>:<port>\"");
  EXPECT_EQ(error_of("TCP\n"), at + "a virtual server without an address");
  EXPECT_EQ(error_of("-> C0A80016:0001 Route 1\n"), at + "has 4 fields, expected 5");
  EXPECT_EQ(error_of("-> C0A80016:0001 Route 1 x 2\n"), at + "\"x\" is not a number");
  auto builder = node_with_servers();
  builder.file("proc/1/net/ip_vs_stats", "Total\nConns\n");
  EXPECT_EQ(collector.page(builder.build()).error().message,
            "proc/1/net/ip_vs_stats line 2: the file ends here");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace hostnet
