#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/collectors/sample_routes.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST(NetworkRoute, ShowsEachNextHopOfUnicastRoutesWithItsTable) {
  Route own = unicast("10.0.0.0", 8, {hop(2)});
  own.preferred_source = parse_ip("10.0.0.5").value();
  own.protocol = RTPROT_KERNEL;
  Route other_table = own;
  other_table.table = 1000;
  Route first_default = unicast("0.0.0.0", 0, {hop(2, parse_ip("10.0.0.1").value())});
  first_default.priority = 100;
  Route blackhole = unicast("192.0.2.0", 24, {});
  blackhole.type = RTN_BLACKHOLE;
  Route odd = unicast("2001:db8::", 32, {hop(77)});
  odd.protocol = 250;
  odd.table = RT_TABLE_LOCAL;
  const Node node = node_with_two_links()
                        .route(own)
                        .route(own)  // differs in its TOS, say
                        .route(other_table)
                        .route(first_default)
                        .route(blackhole)
                        .route(odd)
                        .route(unicast("172.16.0.0", 12,
                                       {hop(2, parse_ip("10.0.0.1").value(), 3),
                                        hop(3, parse_ip("10.1.0.1").value())}))
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

TEST(NetworkRoute, SaysWhyThereAreNone) {
  const TestCollector collector("network_route");
  NodeBuilder cut;
  cut.netlink().answers[{NETLINK_ROUTE, RTM_GETROUTE}] = {cut_route()};
  EXPECT_EQ(error_of(collector, cut.build()).reason, Reason::malformed);
  for (const std::uint16_t dump : {RTM_GETLINK, RTM_GETROUTE}) {
    NodeBuilder refused;
    refused.netlink().failures[{NETLINK_ROUTE, dump}] =
        failure(Reason::denied, "not permitted").error();
    EXPECT_EQ(error_of(collector, refused.build()).reason, Reason::denied) << dump;
  }
  EXPECT_EQ(*collector.page(NodeBuilder().build()), "");
}

}  // namespace
}  // namespace hostnet
