#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include "collectors/netdev_kinds.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Every counter another number, so that a swap shows.
LinkStats distinct_stats() {
  return {.rx_packets = 1001,
          .tx_packets = 1002,
          .rx_bytes = 5577791,
          .tx_bytes = 1004,
          .rx_errors = 5,
          .tx_errors = 6,
          .rx_dropped = 700,
          .tx_dropped = 8,
          .multicast = 9,
          .collisions = 10,
          .rx_length_errors = 100,
          .rx_over_errors = 200,
          .rx_crc_errors = 400,
          .rx_frame_errors = 800,
          .rx_fifo_errors = 15,
          .rx_missed_errors = 16,
          .tx_aborted_errors = 1000,
          .tx_carrier_errors = 2000,
          .tx_fifo_errors = 19,
          .tx_heartbeat_errors = 4000,
          .tx_window_errors = 8000,
          .rx_compressed = 22,
          .tx_compressed = 23,
          .rx_nohandler = 24};
}

NodeBuilder node_with_counters() {
  NodeBuilder builder;
  builder.link({.name = "eth0", .alias = "up\"link", .stats = distinct_stats()});
  builder.link({.name = "docker0"});
  return builder;
}

TEST(Netdev, FoldsTheCountersAsProcNetDevDoes) {
  const auto page = *TestCollector("netdev", {{"netdev.device-include", {"eth0"}}})
                         .page(node_with_counters().build());
  EXPECT_EQ(page, R"(# TYPE hostnet_collector_source gauge
hostnet_collector_source{collector="netdev",source="netlink"} 1
# TYPE node_network_receive_bytes_total counter
node_network_receive_bytes_total{device="eth0"} 5.577791e+06
# TYPE node_network_receive_compressed_total counter
node_network_receive_compressed_total{device="eth0"} 22
# TYPE node_network_receive_drop_total counter
node_network_receive_drop_total{device="eth0"} 716
# TYPE node_network_receive_errs_total counter
node_network_receive_errs_total{device="eth0"} 5
# TYPE node_network_receive_fifo_total counter
node_network_receive_fifo_total{device="eth0"} 15
# TYPE node_network_receive_frame_total counter
node_network_receive_frame_total{device="eth0"} 1500
# TYPE node_network_receive_multicast_total counter
node_network_receive_multicast_total{device="eth0"} 9
# TYPE node_network_receive_nohandler_total counter
node_network_receive_nohandler_total{device="eth0"} 24
# TYPE node_network_receive_packets_total counter
node_network_receive_packets_total{device="eth0"} 1001
# TYPE node_network_transmit_bytes_total counter
node_network_transmit_bytes_total{device="eth0"} 1004
# TYPE node_network_transmit_carrier_total counter
node_network_transmit_carrier_total{device="eth0"} 15000
# TYPE node_network_transmit_colls_total counter
node_network_transmit_colls_total{device="eth0"} 10
# TYPE node_network_transmit_compressed_total counter
node_network_transmit_compressed_total{device="eth0"} 23
# TYPE node_network_transmit_drop_total counter
node_network_transmit_drop_total{device="eth0"} 8
# TYPE node_network_transmit_errs_total counter
node_network_transmit_errs_total{device="eth0"} 6
# TYPE node_network_transmit_fifo_total counter
node_network_transmit_fifo_total{device="eth0"} 19
# TYPE node_network_transmit_packets_total counter
node_network_transmit_packets_total{device="eth0"} 1002
)");
}

TEST(Netdev, ShowsEveryCounterByItselfWhenAsked) {
  const TestCollector collector("netdev", {{"netdev.enable-detailed-metrics", {"true"}}});
  const auto page = *collector.page(node_with_counters().build());
  EXPECT_THAT(page, AllOf(HasSubstr("node_network_receive_dropped_total{device=\"eth0\"} 700\n"),
                          HasSubstr("node_network_receive_missed_errors_total{device=\"eth0\"} 16"),
                          HasSubstr("node_network_transmit_window_errors_total{device=\"eth0\"} "
                                    "8000\n"),
                          HasSubstr("node_network_multicast_total{device=\"eth0\"} 9\n"),
                          Not(HasSubstr("receive_drop_total"))));
}

TEST(Netdev, FiltersDevicesAndLabelsAliases) {
  const auto node = node_with_counters().build();
  const auto excluded =
      *TestCollector("netdev", {{"netdev.device-exclude", {"^(lo|docker0)$"}}}).page(node);
  EXPECT_THAT(excluded,
              AllOf(HasSubstr("eth0"), Not(HasSubstr("docker0")), Not(HasSubstr("\"lo"))));
  const auto old_name =
      *TestCollector("netdev", {{"netdev.device-whitelist", {"docker"}}}).page(node);
  EXPECT_THAT(old_name, AllOf(HasSubstr("docker0"), Not(HasSubstr("eth0"))));
  const auto alias = *TestCollector("netdev", {{"netdev.label-ifalias", {"true"}}}).page(node);
  EXPECT_THAT(alias, HasSubstr("{device=\"eth0\",ifalias=\"up\\\"link\"}"));
  EXPECT_EQ(refused_options("netdev",
                            {{"netdev.device-include", {"a"}}, {"netdev.device-exclude", {"b"}}})
                .message,
            "--collector.netdev.device-include and --collector.netdev.device-exclude exclude each "
            "other");
}

constexpr std::string_view kProcNetDev =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes ...\n"
    "    lo:  1  2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
    "a:b:100 200 300 400 500 600 700 800 900 1000 1100 1200 1300 1400 1500 1600\n";

TEST(Netdev, FallsBackToProcNetDevWhereNetlinkIsRefused) {
  NodeBuilder builder = node_with_counters();
  builder.netlink().failures[{0, RTM_GETLINK}] =
      failure(Reason::denied, "listing links: Permission denied").error();
  builder.file("proc/1/net/dev", std::string(kProcNetDev));
  const auto page = *TestCollector("netdev").page(builder.build());
  for (const auto* line : {
           "node_network_receive_bytes_total{device=\"a:b\"} 100\n",
           "node_network_receive_frame_total{device=\"lo\"} 6\n",
           "node_network_receive_multicast_total{device=\"lo\"} 8\n",
           "node_network_transmit_colls_total{device=\"lo\"} 14\n",
           "node_network_transmit_carrier_total{device=\"lo\"} 15\n",
           "node_network_transmit_compressed_total{device=\"a:b\"} 1600\n",
           "hostnet_collector_source{collector=\"netdev\",source=\"procfs\"} 1\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("nohandler")));
}

TEST(Netdev, NamesTheLineOfProcNetDevThatDoesNotParse) {
  const TestCollector collector("netdev", {{"netdev.netlink", {"false"}}});
  const auto heads = "one\ntwo\n";
  for (const auto& [line, message] : std::vector<std::pair<std::string, std::string>>{
           {"lo: 1 2 3\n", "proc/net/dev line 3: expected \"<name>: \" and 16 numbers"},
           {"nonsense\n", "proc/net/dev line 3: no interface name"},
           {"lo: 1 2 3 4 x 6 7 8 9 10 11 12 13 14 15 16\n",
            "proc/net/dev line 3: \"x\" is not a number"}}) {
    const auto node = NodeBuilder().file("proc/net/dev", heads + line).build();
    const auto page = collector.page(node);
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().message, message);
    EXPECT_EQ(page.error().reason, Reason::malformed);
  }
}

TEST(Netdev, ShowsAddressesWithTheScopesThatNodeExporterGives) {
  NodeBuilder builder;
  builder.link({.index = 7, .name = "eth0"});
  builder.address(1, "127.0.0.1", 8).address(1, "::1", 128);
  builder.address(7, "10.1.2.3", 16).address(7, "fe80::1", 64).address(7, "2001:db8::1", 48);
  const TestCollector collector("netdev", {{"netdev.address-info", {"true"}}});
  const auto page = *collector.page(builder.build());
  for (
      const auto* line : {
          R"(node_network_address_info{address="127.0.0.1",device="lo",netmask="8",scope="link-local"} 1)",
          R"(node_network_address_info{address="::1",device="lo",netmask="128",scope="link-local"} 1)",
          R"(node_network_address_info{address="10.1.2.3",device="eth0",netmask="16",scope="global"} 1)",
          R"(node_network_address_info{address="fe80::1",device="eth0",netmask="64",scope="link-local"} 1)",
          R"(node_network_address_info{address="2001:db8::1",device="eth0",netmask="48",scope="global"} 1)",
      }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

Link veth(std::uint32_t index, std::string name, std::uint64_t bytes) {
  return {.index = index,
          .name = std::move(name),
          .kind = "veth",
          .stats = {.rx_bytes = bytes, .tx_window_errors = 1}};
}

Node node_of(std::vector<Link> links) {
  NodeBuilder builder;
  for (auto& link : links) builder.link(std::move(link));
  return builder.build();
}

TEST(NetdevKinds, CountsTheLinksOfAKindAsOneDevice) {
  const TestCollector collector("netdev", {{"netdev.aggregate-kinds", {"veth,ipvlan"}}});
  const auto page = *collector.page(node_of({{.index = 2, .name = "eth0", .stats = {.rx_bytes = 7}},
                                             veth(3, "veth1", 100),
                                             veth(4, "zveth", 20),
                                             {.index = 5, .name = "br0", .kind = "bridge"}}));
  for (const auto* line : {
           "node_network_receive_bytes_total{device=\"br0\"} 0\n"
           "node_network_receive_bytes_total{device=\"eth0\"} 7\n"
           "node_network_receive_bytes_total{device=\"kind/ipvlan\"} 0\n"
           "node_network_receive_bytes_total{device=\"kind/veth\"} 120\n"
           "node_network_receive_bytes_total{device=\"lo\"} 0\n",
           "node_network_transmit_carrier_total{device=\"kind/veth\"} 2\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, AllOf(Not(HasSubstr("\"veth1\"")), Not(HasSubstr("\"zveth\""))));
}

TEST(NetdevKinds, ASumNeverFallsWhenLinksVanishComeBackOrStartAgain) {
  const TestCollector collector("netdev", {{"netdev.aggregate-kinds", {"veth"}}});
  const auto sum = [&](std::vector<Link> links) {
    const auto page = *collector.page(node_of(std::move(links)));
    const std::string_view series = "node_network_receive_bytes_total{device=\"kind/veth\"} ";
    return std::stoul(page.substr(page.find(series) + series.size()));
  };
  EXPECT_EQ(sum({veth(3, "a", 100), veth(4, "b", 50)}), 150U);
  EXPECT_EQ(sum({veth(3, "a", 130)}), 180U);      // b is gone, its 50 stay
  EXPECT_EQ(sum({}), 180U);                       // nobody is left
  EXPECT_EQ(sum({veth(9, "b", 5)}), 185U);        // the name again, another link
  EXPECT_EQ(sum({veth(9, "renamed", 7)}), 187U);  // the same link
  EXPECT_EQ(sum({veth(9, "renamed", 3)}), 190U);  // it counts from 0 again
  EXPECT_EQ(sum({{.index = 9, .name = "c", .kind = "tun"}}), 190U);
  EXPECT_EQ(sum({veth(9, "b", 3)}), 193U);  // an index used again
}

TEST(NetdevKinds, TheLastCountOfALinkThatWentIsInTheSumOnce) {
  KindSums sums({"veth"});
  const auto scan = [&](const std::vector<Link>& links) {
    std::vector<const Link*> all;
    for (const Link& link : links) all.push_back(&link);
    return sums.update(all)->front().stats.rx_bytes;
  };
  EXPECT_EQ(scan({veth(3, "a", 100)}), 100U);
  sums.gone(veth(3, "a", 130));                // 30 after the last scan
  sums.gone(veth(4, "b", 7));                  // came and went between two
  EXPECT_EQ(scan({veth(3, "a", 110)}), 137U);  // a dump of just before it went
  EXPECT_EQ(scan({}), 137U);
  EXPECT_EQ(scan({veth(5, "c", 50)}), 187U);
  sums.gone(veth(5, "c", 0));  // its peer went first, and with it what it received
  EXPECT_EQ(scan({}), 187U);
  sums.gone(veth(6, "d", 1));
  sums.came(6);  // the index again, another link
  EXPECT_EQ(scan({veth(6, "e", 2)}), 190U);
}

TEST(NetdevKinds, WhatWentWhileNobodyLookedCostsNoMoreMemoryForEver) {
  KindSums sums({"veth"});
  for (std::uint32_t index = 1; index <= 100'000; ++index) sums.gone(veth(index, "a", 1));
  const Link last = veth(100'000, "a", 1);
  const Link first = veth(1, "a", 1);  // long forgotten: another link for all we know
  EXPECT_EQ(sums.update({&first, &last})->front().stats.rx_bytes, 100'001U);
}

TEST(NetdevKinds, FiltersComeBeforeTheSum) {
  const TestCollector collector("netdev", {{"netdev.aggregate-kinds", {"veth"}},
                                           {"netdev.device-exclude", {"^lxc"}},
                                           {"netdev.label-ifalias", {"true"}}});
  const auto page = *collector.page(node_of({veth(3, "veth1", 100), veth(4, "lxc1", 20)}));
  EXPECT_THAT(page, HasSubstr("receive_bytes_total{device=\"kind/veth\",ifalias=\"\"} 100\n"));
}

TEST(NetdevKinds, WithoutNetlinkThereIsAnErrorAndNoFloodOfSeries) {
  NodeBuilder builder = node_with_counters();
  builder.netlink().failures[{0, RTM_GETLINK}] =
      failure(Reason::denied, "listing links: Permission denied").error();
  builder.file("proc/1/net/dev", std::string(kProcNetDev));
  const auto page =
      TestCollector("netdev", {{"netdev.aggregate-kinds", {"veth"}}}).page(builder.build());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().message, "listing links: Permission denied");
}

TEST(NetdevKinds, RefusesAListThatItCannotFollow) {
  EXPECT_EQ(refused_options("netdev", {{"netdev.aggregate-kinds", {"veth,,tun"}}}).message,
            "--collector.netdev.aggregate-kinds=,tun: an empty kind");
  EXPECT_EQ(refused_options("netdev",
                            {{"netdev.aggregate-kinds", {"veth"}}, {"netdev.netlink", {"false"}}})
                .message,
            "--collector.netdev.aggregate-kinds needs --collector.netdev.netlink: /proc/net/dev "
            "does not tell kinds");
}

}  // namespace
}  // namespace hostnet
