#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Link eth0() {
  return {.index = 4,
          .name = "eth0",
          .alias = "uplink",
          .alternative_names = {"enp1s0"},
          .flags = IFF_UP | IFF_BROADCAST | IFF_MULTICAST | IFF_RUNNING | IFF_LOWER_UP,
          .type = 1,
          .mtu = 1400,
          .transmit_queue_length = 1000,
          .group = 3,
          .operstate = 6,
          .link_mode = 1,
          .lower_link = 9,
          .carrier = true,
          .carrier_changes = 5,
          .carrier_up_count = 2,
          .carrier_down_count = 3,
          .promiscuity = 1,
          .all_multicast = 0,
          .address = {2, 0, 0, 0, 0, 0xab},
          .broadcast = {255, 255, 255, 255, 255, 255}};
}

void put_sysfs(NodeBuilder& builder, const std::string& device,
               const std::map<std::string, std::string>& attributes) {
  for (const auto& [name, value] : attributes) {
    builder.file("sys/class/net/" + device + "/" + name, value + "\n");
  }
}

NodeBuilder node_with_eth0(const std::string& speed = "10000", const std::string& index = "4") {
  NodeBuilder builder;
  builder.link(eth0());
  put_sysfs(builder, "eth0",
            {{"ifindex", index},
             {"addr_assign_type", "0"},
             {"dev_id", "0x1f"},
             {"name_assign_type", "4"},
             {"speed", speed},
             {"duplex", "full"}});
  return builder;
}

TEST(Netclass, SpellsNetlinksFactsAsSysfsDoes) {
  const auto page = *TestCollector("netclass").page(node_with_eth0().build());
  EXPECT_EQ(page, R"(# TYPE hostnet_collector_source gauge
hostnet_collector_source{collector="netclass",source="netlink"} 1
# TYPE node_network_address_assign_type gauge
node_network_address_assign_type{device="eth0"} 0
# TYPE node_network_altnames_info gauge
node_network_altnames_info{altname="enp1s0",device="eth0"} 1
# TYPE node_network_carrier gauge
node_network_carrier{device="eth0"} 1
# TYPE node_network_carrier_changes_total counter
node_network_carrier_changes_total{device="eth0"} 5
# TYPE node_network_carrier_down_changes_total counter
node_network_carrier_down_changes_total{device="eth0"} 3
# TYPE node_network_carrier_up_changes_total counter
node_network_carrier_up_changes_total{device="eth0"} 2
# TYPE node_network_device_id gauge
node_network_device_id{device="eth0"} 31
# TYPE node_network_dormant gauge
node_network_dormant{device="eth0"} 0
node_network_dormant{device="lo"} 0
# TYPE node_network_flags gauge
node_network_flags{device="eth0"} 4355
# TYPE node_network_iface_id gauge
node_network_iface_id{device="eth0"} 4
node_network_iface_id{device="lo"} 1
# TYPE node_network_iface_link gauge
node_network_iface_link{device="eth0"} 9
node_network_iface_link{device="lo"} 1
# TYPE node_network_iface_link_mode gauge
node_network_iface_link_mode{device="eth0"} 1
node_network_iface_link_mode{device="lo"} 0
# TYPE node_network_info gauge
node_network_info{address="",adminstate="unknown",broadcast="",device="lo",duplex="",ifalias="",operstate="unknown"} 1
node_network_info{address="02:00:00:00:00:ab",adminstate="up",broadcast="ff:ff:ff:ff:ff:ff",device="eth0",duplex="full",ifalias="uplink",operstate="up"} 1
# TYPE node_network_mtu_bytes gauge
node_network_mtu_bytes{device="eth0"} 1400
node_network_mtu_bytes{device="lo"} 65536
# TYPE node_network_name_assign_type gauge
node_network_name_assign_type{device="eth0"} 4
# TYPE node_network_net_dev_group gauge
node_network_net_dev_group{device="eth0"} 3
node_network_net_dev_group{device="lo"} 0
# TYPE node_network_protocol_type gauge
node_network_protocol_type{device="eth0"} 1
node_network_protocol_type{device="lo"} 772
# TYPE node_network_speed_bytes gauge
node_network_speed_bytes{device="eth0"} 1.25e+09
# TYPE node_network_transmit_queue_length gauge
node_network_transmit_queue_length{device="eth0"} 1000
node_network_transmit_queue_length{device="lo"} 0
# TYPE node_network_up gauge
node_network_up{device="eth0"} 1
node_network_up{device="lo"} 0
)");
}

TEST(Netclass, LeavesOutWhatSysfsRefusesOfADeviceThatIsDown) {
  auto builder = node_with_eth0();
  builder.link(
      {.index = 5, .name = "ifb0", .flags = IFF_BROADCAST, .operstate = 2, .carrier = false});
  const auto page = *TestCollector("netclass").page(builder.build());
  for (const auto* absent : {"carrier", "dormant", "speed_bytes", "name_assign_type"}) {
    EXPECT_THAT(page, Not(HasSubstr(std::string(absent) + "{device=\"ifb0\"}")));
  }
  EXPECT_THAT(page, HasSubstr("node_network_up{device=\"ifb0\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("node_network_iface_link{device=\"ifb0\"} 5\n"));
}

TEST(Netclass, LeavesOutAnUnknownSpeedAndDevicesThatAreIgnored) {
  EXPECT_THAT(*TestCollector("netclass").page(node_with_eth0("-1").build()),
              Not(HasSubstr("speed_bytes{")));
  const TestCollector collector("netclass", {{"netclass.ignored-devices", {"^(eth|lo)"}}});
  EXPECT_THAT(*collector.page(node_with_eth0().build()), Not(HasSubstr("device=")));
}

TEST(Netclass, NeverMixesTwoNamespaces) {
  const auto page = *TestCollector("netclass").page(node_with_eth0("10000", "17").build());
  EXPECT_THAT(page, Not(HasSubstr("speed_bytes{")));
  EXPECT_THAT(page, Not(HasSubstr("address_assign_type{")));
  EXPECT_THAT(page, HasSubstr("node_network_mtu_bytes{device=\"eth0\"} 1400\n"));
}

TEST(Netclass, ReadsSysfsAgainWhenTheLinkChangesOrAMinuteHasPassed) {
  const TestCollector collector("netclass");
  const auto speed_of = [&](NodeBuilder builder, const Link& link,
                            std::chrono::seconds later) -> std::string {
    builder.clock()->advance(later);
    builder.netlink().links = {link};
    const auto page = *collector.page(builder.build());
    const auto at = page.find("speed_bytes{device=\"eth0\"} ");
    return page.substr(at + 27, page.find('\n', at) - at - 27);
  };
  using std::chrono::seconds;
  EXPECT_EQ(speed_of(node_with_eth0("8"), eth0(), seconds(0)), "1e+06");
  EXPECT_EQ(speed_of(node_with_eth0("16"), eth0(), seconds(59)), "1e+06");
  EXPECT_EQ(speed_of(node_with_eth0("16"), eth0(), seconds(60)), "2e+06");
  Link flapped = eth0();
  flapped.carrier_changes = 7;
  EXPECT_EQ(speed_of(node_with_eth0("24"), flapped, seconds(61)), "3e+06");
  Link veth = eth0();
  veth.kind = "veth";
  veth.carrier_changes = 9;
  EXPECT_EQ(speed_of(node_with_eth0("32"), veth, seconds(62)), "4e+06");
  EXPECT_EQ(speed_of(node_with_eth0("40"), veth, seconds(600)), "4e+06");
}

TEST(Netclass, TakesTheFlagsOfOldKernelsFromSysfs) {
  auto builder = node_with_eth0();
  builder.netlink().links.back().all_multicast.reset();
  builder.file("sys/class/net/eth0/flags", "0x1303\n");
  EXPECT_THAT(*TestCollector("netclass").page(builder.build()),
              HasSubstr("node_network_flags{device=\"eth0\"} 4867\n"));
}

TEST(Netclass, ReadsSysfsWhereNetlinkIsRefused) {
  NodeBuilder builder;
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] =
      Error{.reason = Reason::denied, .message = "no"};
  builder.file("sys/class/net/bonding_masters", "\n");
  put_sysfs(builder, "eth1",
            {{"ifindex", "2"},
             {"flags", "0x1002"},
             {"mtu", "1500"},
             {"speed", "1000"},
             {"operstate", "down"},
             {"iflink", "2"},
             {"address", "02:00:00:00:00:01"},
             {"ifalias", ""}});
  const auto page = *TestCollector("netclass").page(builder.build());
  for (const auto* line :
       {"node_network_flags{device=\"eth1\"} 4098\n",
        "node_network_speed_bytes{device=\"eth1\"} 1.25e+08\n",
        "node_network_iface_link{device=\"eth1\"} 2\n",
        "address=\"02:00:00:00:00:01\",adminstate=\"down\"",
        "hostnet_collector_source{collector=\"netclass\",source=\"sysfs\"} 1\n"}) {
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("bonding")));
}

TEST(Netclass, ForgetsAnIndexThatIsGivenToAnotherLink) {
  const TestCollector collector("netclass");
  EXPECT_TRUE(collector.page(node_with_eth0().build()));
  NodeBuilder builder;
  builder.link({.index = 4, .name = "veth9"});
  const auto page = *collector.page(builder.build());
  EXPECT_THAT(page, Not(HasSubstr("speed_bytes{")));
  EXPECT_THAT(page, Not(HasSubstr("duplex=\"full\"")));
}

TEST(Netclass, ATimeoutIsNotMadeLongerByReadingSysfs) {
  auto builder = node_with_eth0();
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] =
      failure(Reason::timeout, "listing links").error();
  EXPECT_EQ(error_of(TestCollector("netclass"), builder.build()).reason, Reason::timeout);
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}].reason = Reason::denied;
  builder.file_error("sys/class/net", failure(Reason::denied, "listing").error());
  EXPECT_EQ(error_of(TestCollector("netclass"), builder.build()).message, "listing");
}

}  // namespace
}  // namespace hostnet
