#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/network/read_network.h"
#include "agent/render/html/html.h"
#include "agent/render/json/network_json.h"
#include "agent/render/network_text.h"
#include "agent/render/network_words.h"
#include "tests/render/sample_report.h"
#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint32_t kUp = 1;  // IFF_UP
constexpr std::uint32_t kMain = 254, kLocal = 255;

Route route_to(const char* destination, std::uint8_t length, std::uint32_t table = kMain) {
  Route route;
  route.destination = *parse_ip(destination);
  route.family = route.destination.family;
  route.prefix_length = length;
  route.table = table;
  route.protocol = 2;  // kernel
  route.type = 1;      // unicast
  return route;
}

// lo is 1, eth0 2, br0 3, veth7 4.
NodeBuilder networked_node() {
  NodeBuilder builder;
  Link eth0{.name = "eth0", .flags = kUp, .type = 1, .mtu = 9000, .operstate = 6};
  eth0.carrier_changes = 14;
  eth0.stats.rx_errors = 3;
  eth0.stats.tx_dropped = 5;
  builder.link(eth0);
  builder.link({.name = "br0", .kind = "bridge", .flags = kUp, .type = 1, .operstate = 2});
  builder.link({.name = "veth7", .kind = "veth", .alias = "<b>", .type = 1, .master = 3});
  builder.address(2, "10.0.0.1", 24).address(2, "fd00::1", 64);
  builder.file("sys/class/net/eth0/speed", "25000\n");
  return builder;
}

std::vector<std::string> destinations(const Routes& routes) {
  std::vector<std::string> all;
  for (const Route& route : routes.rows) {
    all.push_back(prefix_words(route.destination, route.prefix_length) + " " +
                  std::to_string(route.table));
  }
  return all;
}

TEST(InterfacesLook, HasWhatTheKernelAndSysfsSay) {
  const auto scan = read_interfaces(networked_node().build(), {});
  EXPECT_TRUE(scan.scan.problems.empty());
  ASSERT_EQ(scan.rows.size(), 4U);
  const Interface& eth0 = scan.rows[1];
  EXPECT_EQ(eth0.link.name, "eth0");
  EXPECT_EQ(eth0.speed, 25000U);
  EXPECT_EQ(eth0.addresses.size(), 2U);
  EXPECT_EQ(scan.rows[3].master, "br0");
}

TEST(InterfacesLook, ReadsNoSpeedOfAnInterfaceWithoutALink) {
  auto builder = networked_node();
  for (const char* none : {"-1\n", "4294967295\n", "0\n", "fast\n", ""}) {
    builder.file("sys/class/net/eth0/speed", none);
    EXPECT_FALSE(read_interfaces(builder.build(), {}).rows[1].speed) << none;
  }
}

TEST(InterfacesLook, FiltersAndKeepsTheFirstOnes) {
  const auto node = networked_node().build();
  const auto bridges = read_interfaces(node, {.kind = "bridge"});
  ASSERT_EQ(bridges.rows.size(), 1U);
  EXPECT_EQ(bridges.rows[0].link.name, "br0");
  EXPECT_TRUE(read_interfaces(node, {.device = "eth1"}).rows.empty());
  const auto two = read_interfaces(node, {.limit = 2});
  ASSERT_EQ(two.rows.size(), 2U);
  EXPECT_EQ(two.rows[1].link.name, "eth0");
  EXPECT_EQ(two.scan.more, 2U);
  EXPECT_THAT(interfaces_text(two), HasSubstr("2 interfaces, 2 more: /interfaces?device="));
}

TEST(InterfacesLook, SaysWhatItCouldNotRead) {
  auto builder = networked_node();
  builder.netlink().failures[{0, 22}] = {.reason = Reason::denied, .message = "no addresses"};
  const auto scan = read_interfaces(builder.build(), {});
  ASSERT_EQ(scan.scan.problems.size(), 1U);
  EXPECT_EQ(scan.scan.problems[0].code, "addresses_unreadable");
  EXPECT_THAT(interfaces_text(scan), HasSubstr("4 interfaces; incomplete: no addresses\n"));
  EXPECT_EQ(nlohmann::json::parse(interfaces_json(scan))["complete"], false);
}

TEST(InterfacesText, IsWhatSomebodyNeedsAtNight) {
  auto scan = read_interfaces(networked_node().build(), {});
  scan.rows[1].link.virtual_functions.resize(2);
  const auto text = interfaces_text(scan);
  EXPECT_THAT(text, HasSubstr("eth0   hardware  up       -       9000   25 Gbit/s  10.0.0.1/24, "
                              "fd00::1/64  rx 3 tx 0  rx 0 tx 5  14               2 VFs\n"));
  EXPECT_THAT(text, HasSubstr("br0    bridge    down"));
  EXPECT_THAT(text, HasSubstr("veth7  veth      off      br0"));
  EXPECT_THAT(text, HasSubstr("4 interfaces; complete\n"));
}

TEST(InterfacesJson, HasTheEnvelopeAndUnknownNumbersAreNull) {
  auto scan = read_interfaces(networked_node().build(), {});
  scan.rows[1].link.virtual_functions.resize(2);
  const auto answer = nlohmann::json::parse(interfaces_json(scan));
  EXPECT_EQ(answer["api_version"], "v1");
  EXPECT_EQ(answer["complete"], true);
  EXPECT_EQ(answer["more"], 0);
  const auto& eth0 = answer["interfaces"][1];
  EXPECT_EQ(eth0["virtual_functions"], 2);
  EXPECT_EQ(eth0["speed_mbit"], 25000);
  EXPECT_EQ(eth0["statistics"]["rx_errors"], 3);
  EXPECT_EQ(eth0["addresses"][0]["address"], "10.0.0.1");
  EXPECT_TRUE(answer["interfaces"][2]["speed_mbit"].is_null());
  EXPECT_TRUE(answer["interfaces"][2]["network_id"].is_null());
  EXPECT_EQ(answer["interfaces"][3]["switched_on"], false);
}

TEST(RoutesLook, KeepsTheFirstOfItsOrderWhateverTheKernelsIs) {
  NodeBuilder builder;
  builder.route(route_to("127.0.0.0", 8, kLocal)).route(route_to("fd00::", 64));
  builder.route(route_to("10.8.0.0", 16, 100)).route(route_to("10.9.0.0", 16));
  builder.route(route_to("0.0.0.0", 0));
  const auto node = builder.build();
  EXPECT_THAT(destinations(read_route_rows(node, {})),
              ElementsAre("0.0.0.0/0 254", "10.9.0.0/16 254", "10.8.0.0/16 100", "127.0.0.0/8 255",
                          "fd00::/64 254"));
  const auto two = read_route_rows(node, {.limit = 2});
  EXPECT_THAT(destinations(two), ElementsAre("0.0.0.0/0 254", "10.9.0.0/16 254"));
  EXPECT_EQ(two.scan.more, 3U);
}

TEST(RoutesLook, FiltersByEachOfItsFields) {
  NodeBuilder builder;
  builder.link({.name = "eth0", .flags = kUp});  // 2
  auto through = route_to("10.9.0.0", 16);
  through.next_hops = {{.interface = 2, .gateway = parse_ip("10.0.0.2").value()}};
  auto black = route_to("10.66.128.0", 17, 100);
  black.type = 6;
  black.protocol = 12;  // bird
  builder.route(through).route(black).route(route_to("fd00::", 64));
  const auto node = builder.build();
  const auto found = [&](const RouteFilter& filter) {
    return destinations(read_route_rows(node, filter));
  };
  EXPECT_THAT(found({.family = AddressFamily::ipv6}), ElementsAre("fd00::/64 254"));
  EXPECT_THAT(found({.table = 100}), ElementsAre("10.66.128.0/17 100"));
  EXPECT_THAT(found({.protocol = 12}), ElementsAre("10.66.128.0/17 100"));
  EXPECT_THAT(found({.type = 6}), ElementsAre("10.66.128.0/17 100"));
  EXPECT_THAT(found({.device = "eth0"}), ElementsAre("10.9.0.0/16 254"));
  EXPECT_THAT(found({.device = "eth1"}), ElementsAre());
  EXPECT_THAT(found({.destination = *parse_ip("10.66.200.1")}), ElementsAre("10.66.128.0/17 100"));
  EXPECT_THAT(found({.destination = *parse_ip("10.66.100.1")}), ElementsAre());
  EXPECT_THAT(found({.destination = *parse_ip("fd00::7")}), ElementsAre("fd00::/64 254"));
}

TEST(RoutesLook, StopsWhereItShallAndSaysThatThereMayBeMore) {
  NodeBuilder builder;
  for (int i = 0; i < 10; ++i) {
    builder.route(route_to(("10.0." + std::to_string(i) + ".0").c_str(), 24));
  }
  const auto scan = read_route_rows(builder.build(), {.limit = 3, .walk_at_most = 5});
  EXPECT_EQ(scan.rows.size(), 3U);
  EXPECT_TRUE(scan.scan.stopped);
  EXPECT_TRUE(scan.scan.problems.empty());
  EXPECT_TRUE(nlohmann::json::parse(routes_json(scan))["more"].is_null());
  EXPECT_THAT(routes_text(scan), HasSubstr("3 routes, and more: /routes?table="));
}

TEST(RoutesText, SaysEveryNextHop) {
  NodeBuilder builder;
  builder.link({.name = "eth0", .flags = kUp});  // 2
  auto route = route_to("10.9.0.0", 16);
  route.priority = 50;
  route.next_hops = {{.interface = 2, .gateway = parse_ip("10.0.0.2").value(), .weight = 3},
                     {.interface = 77, .gateway = parse_ip("10.0.0.3").value()}};
  builder.route(route);
  const auto scan = read_route_rows(builder.build(), {});
  EXPECT_THAT(routes_text(scan), HasSubstr("10.9.0.0/16  10.0.0.2 weight 3, 10.0.0.3  eth0, if77  "
                                           "main   kernel    global  50      unicast  -\n"
                                           "1 route; complete\n"));
  const auto answer = nlohmann::json::parse(routes_json(scan))["routes"][0];
  EXPECT_EQ(answer["next_hops"][0]["weight"], 3);
  EXPECT_EQ(answer["metric"], 50);
  EXPECT_TRUE(answer["source"].is_null());
}

TEST(NetworkPages, EscapeNamesAndAreInTheMenu) {
  const auto page = interfaces_html(read_interfaces(networked_node().build(), {}));
  EXPECT_THAT(page, HasSubstr("<a href=\"interfaces\" aria-current=\"page\">Interfaces</a>"));
  EXPECT_THAT(page, HasSubstr("&quot;&lt;b&gt;&quot;"));
  EXPECT_THAT(page, Not(HasSubstr("<b>&quot;")));
  EXPECT_THAT(page, HasSubstr("errors rx 3 tx 0"));
}

TEST(NetworkPages, AreInBriefOnTheOverviewWithALinkToTheRest) {
  const auto node = networked_node().route(route_to("10.9.0.0", 16)).build();
  const Network brief{.interfaces = read_interfaces(node, {.limit = 2}),
                      .routes = read_route_rows(node, {.limit = 5})};
  const auto page = overview_html(sample_report(), brief);
  EXPECT_THAT(page, HasSubstr("<p class=\"empty\"><a href=\"interfaces\">2 more</a></p>"));
  EXPECT_THAT(page, HasSubstr("10.9.0.0/16"));
}

TEST(NetworkWords, ReadWhatTheyWrite) {
  EXPECT_EQ(parse_route_table("main"), kMain);
  EXPECT_EQ(parse_route_table("100"), 100U);
  EXPECT_FALSE(parse_route_table("mian"));
  EXPECT_EQ(parse_route_protocol("bird"), 12);
  EXPECT_EQ(parse_route_protocol("200"), 200);
  EXPECT_FALSE(parse_route_protocol("256"));
  EXPECT_FALSE(parse_route_protocol(""));
  EXPECT_EQ(parse_route_type("blackhole"), 6);
  EXPECT_FALSE(parse_route_type("black"));
}

}  // namespace
}  // namespace hostnet
