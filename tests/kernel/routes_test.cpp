#include <linux/rtnetlink.h>

#include <algorithm>

#include "netlink/read_facts.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KernelRoutes : public InOwnNamespace {
 protected:
  void SetUp() override {
    InOwnNamespace::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(ip("link add one type veth peer name two"));
    ASSERT_TRUE(ip("link set one up") && ip("link set two up"));
    ASSERT_TRUE(ip("addr add 10.0.0.1/24 dev one"));
    ASSERT_TRUE(ip("addr add 2001:db8::1/64 dev one nodad"));
  }
  Route route(const char* destination, unsigned prefix_length,
              std::uint32_t table = RT_TABLE_MAIN) {
    const auto routes = read_facts<Route>(netlink(), routes_request(), decode_route);
    EXPECT_TRUE(routes) << routes.error().message;
    const IpAddress wanted = parse_ip(destination).value();
    const auto at = std::ranges::find_if(*routes, [&](const Route& one) {
      return one.destination == wanted && one.prefix_length == prefix_length && one.table == table;
    });
    if (at == routes->end()) throw std::runtime_error(std::string("no route to ") + destination);
    return *at;
  }
};

TEST_F(KernelRoutes, TheConnectedNetHasItsSource) {
  const Route connected = route("10.0.0.0", 24);
  EXPECT_EQ(connected.protocol, RTPROT_KERNEL);
  EXPECT_EQ(connected.scope, RT_SCOPE_LINK);
  EXPECT_EQ(connected.type, RTN_UNICAST);
  EXPECT_EQ(connected.preferred_source, parse_ip("10.0.0.1").value());
  EXPECT_EQ(connected.next_hops, (std::vector<NextHop>{{.interface = if_nametoindex("one")}}));
}

TEST_F(KernelRoutes, TheDefaultRouteAndItsMetric) {
  ASSERT_TRUE(ip("route add default via 10.0.0.254 metric 100"));
  const Route standard = route("0.0.0.0", 0);
  EXPECT_EQ(standard.priority, 100U);
  EXPECT_EQ(standard.next_hops.at(0).gateway, parse_ip("10.0.0.254").value());
}

TEST_F(KernelRoutes, TablesBeyond255AreTold) {
  ASSERT_TRUE(ip("route add 10.5.0.0/16 dev one table 100"));
  ASSERT_TRUE(ip("route add 10.6.0.0/16 dev one table 100000"));
  EXPECT_EQ(route("10.5.0.0", 16, 100).table, 100U);
  EXPECT_EQ(route("10.6.0.0", 16, 100000).table, 100000U);
}

TEST_F(KernelRoutes, EveryNextHopOfAMultipathRouteWithItsWeight) {
  ASSERT_TRUE(
      ip("route add 10.7.0.0/16 nexthop via 10.0.0.2 weight 1 nexthop via 10.0.0.3 weight 5"));
  const auto hops = route("10.7.0.0", 16).next_hops;
  ASSERT_EQ(hops.size(), 2U);
  EXPECT_EQ(hops[0].gateway, parse_ip("10.0.0.2").value());
  EXPECT_EQ(hops[1].gateway, parse_ip("10.0.0.3").value());
  EXPECT_EQ(hops[1].weight, 5U);
  EXPECT_EQ(hops[1].interface, if_nametoindex("one"));
}

TEST_F(KernelRoutes, AnIpv4RouteMayLeadThroughAnIpv6Router) {
  ASSERT_TRUE(ip("route add 10.8.0.0/16 via inet6 2001:db8::9 dev one"));
  EXPECT_EQ(route("10.8.0.0", 16).next_hops.at(0).gateway, parse_ip("2001:db8::9").value());
}

TEST_F(KernelRoutes, ABlackholeLeadsNowhere) {
  ASSERT_TRUE(ip("route add blackhole 10.9.0.0/16"));
  EXPECT_EQ(route("10.9.0.0", 16).type, RTN_BLACKHOLE);
  EXPECT_TRUE(route("10.9.0.0", 16).next_hops.empty());
}

TEST_F(KernelRoutes, Ipv6RoutesInTheSameAnswer) {
  ASSERT_TRUE(ip("-6 route add 2001:db8:1::/48 via 2001:db8::9 metric 7"));
  ASSERT_TRUE(ip("-6 route add 2001:db8:2::/48 nexthop via 2001:db8::9 nexthop via 2001:db8::a"));
  const Route single = route("2001:db8:1::", 48);
  EXPECT_EQ(single.family, AddressFamily::ipv6);
  EXPECT_EQ(single.priority, 7U);
  EXPECT_EQ(single.next_hops.at(0).gateway, parse_ip("2001:db8::9").value());
  EXPECT_EQ(route("2001:db8:2::", 48).next_hops.size(), 2U);
  EXPECT_EQ(route("2001:db8::", 64).next_hops.at(0).interface, if_nametoindex("one"));
}

TEST_F(KernelRoutes, TenThousandRoutesComeWhole) {
  std::string batch =
      "i=0; while [ $i -lt 10000 ]; do "
      "echo route add 10.$((100+i/250)).$((i%250)).0/24 dev one table 200; "
      "i=$((i+1)); done | ip -batch -";
  ASSERT_EQ(std::system(batch.c_str()), 0);
  const auto routes = read_facts<Route>(netlink(), routes_request(), decode_route).value();
  EXPECT_EQ(std::ranges::count(routes, 200U, &Route::table), 10000);
}

}  // namespace
}  // namespace hostnet
