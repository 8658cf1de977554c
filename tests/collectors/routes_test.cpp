#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/collectors/collect.h"
#include "tests/collectors/sample_routes.h"

namespace hostnet {
namespace {

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

TEST(Routes, SayWhyThereAreNone) {
  NodeBuilder cut;
  cut.netlink().answers[{NETLINK_ROUTE, RTM_GETROUTE}] = {cut_route()};
  EXPECT_EQ(error_of(TestCollector("routes"), cut.build()).reason, Reason::malformed);
  NodeBuilder refused;
  refused.netlink().failures[{NETLINK_ROUTE, RTM_GETROUTE}] =
      failure(Reason::denied, "listing routes: not permitted").error();
  EXPECT_EQ(error_of(TestCollector("routes"), refused.build()).message,
            "listing routes: not permitted");
  EXPECT_EQ(*TestCollector("routes").page(NodeBuilder().build()), "");
}

TEST(Routes, StopAtTheDeadline) {
  auto builder = node_with_two_links();
  for (int i = 0; i < 5000; ++i) builder.route(unicast("10.0.0.0", 8, {hop(2)}));
  Node late = builder.build();
  late.clock = std::make_shared<LateClock>();
  EXPECT_EQ(error_of(TestCollector("routes"), late).message, "counting routes: out of time");
}

}  // namespace
}  // namespace hostnet
