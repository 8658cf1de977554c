#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include "netlink/node/recording/replay.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NodeBuilder node_with_functions() {
  NodeBuilder builder;
  builder.link({.name = "ens1f0",
                .virtual_functions = {{.index = 0,
                                       .mac = "02:00:00:00:00:0a",
                                       .vlan = 100,
                                       .spoof_check = true,
                                       .link_state = 0,
                                       .trust = false,
                                       .stats = VirtualFunctionStats{.rx_packets = 1,
                                                                     .tx_packets = 2,
                                                                     .rx_bytes = 3,
                                                                     .tx_bytes = 4,
                                                                     .broadcast = 5,
                                                                     .multicast = 6,
                                                                     .rx_dropped = 7,
                                                                     .tx_dropped = 8}},
                                      {.index = 11, .mac = "00:00:00:00:00:00"}}});
  builder.link({.name = "ens1f1"}).link({.name = "eno1"}).link({.name = "v", .kind = "veth"});
  builder.file("sys/class/net/ens1f0/device/sriov_totalvfs", "64\n")
      .file("sys/class/net/ens1f0/device/sriov_numvfs", "2\n")
      .file("sys/class/net/ens1f0/device/numa_node", "1\n")
      .file_link("sys/class/net/ens1f0/device/virtfn0", "../0000:3b:02.0")
      .file("sys/class/net/ens1f1/device/sriov_totalvfs", "64\n")
      .file("sys/class/net/ens1f1/device/sriov_numvfs", "0\n")
      .file("sys/class/net/ens1f1/device/numa_node", "-1\n");
  return builder;
}

TEST(Sriov, ShowsFunctionsTheirSettingsAndCounters) {
  const auto page = *TestCollector("sriov").page(node_with_functions().build());
  EXPECT_EQ(page,
            R"(# TYPE hostnet_sriov_vf_info gauge
hostnet_sriov_vf_info{device="ens1f0",link_state="",mac="00:00:00:00:00:00",numa_node="1",pci_address="",spoof_check="",trust="",vf="11",vlan=""} 1
hostnet_sriov_vf_info{device="ens1f0",link_state="auto",mac="02:00:00:00:00:0a",numa_node="1",pci_address="0000:3b:02.0",spoof_check="on",trust="off",vf="0",vlan="100"} 1
# TYPE hostnet_sriov_vf_receive_broadcast_packets_total counter
hostnet_sriov_vf_receive_broadcast_packets_total{device="ens1f0",vf="0"} 5
# TYPE hostnet_sriov_vf_receive_bytes_total counter
hostnet_sriov_vf_receive_bytes_total{device="ens1f0",vf="0"} 3
# TYPE hostnet_sriov_vf_receive_dropped_total counter
hostnet_sriov_vf_receive_dropped_total{device="ens1f0",vf="0"} 7
# TYPE hostnet_sriov_vf_receive_multicast_packets_total counter
hostnet_sriov_vf_receive_multicast_packets_total{device="ens1f0",vf="0"} 6
# TYPE hostnet_sriov_vf_receive_packets_total counter
hostnet_sriov_vf_receive_packets_total{device="ens1f0",vf="0"} 1
# TYPE hostnet_sriov_vf_transmit_bytes_total counter
hostnet_sriov_vf_transmit_bytes_total{device="ens1f0",vf="0"} 4
# TYPE hostnet_sriov_vf_transmit_dropped_total counter
hostnet_sriov_vf_transmit_dropped_total{device="ens1f0",vf="0"} 8
# TYPE hostnet_sriov_vf_transmit_packets_total counter
hostnet_sriov_vf_transmit_packets_total{device="ens1f0",vf="0"} 2
# TYPE hostnet_sriov_vfs gauge
hostnet_sriov_vfs{device="ens1f0"} 2
hostnet_sriov_vfs{device="ens1f1"} 0
# TYPE hostnet_sriov_vfs_limit gauge
hostnet_sriov_vfs_limit{device="ens1f0"} 64
hostnet_sriov_vfs_limit{device="ens1f1"} 64
)");
}

TEST(Sriov, ChoosesDevicesAndKnowsWhenThereAreNone) {
  const auto node = node_with_functions().build();
  const auto page = *TestCollector("sriov", {{"sriov.device-exclude", {"f0$"}}}).page(node);
  EXPECT_THAT(page, Not(HasSubstr("ens1f0")));
  EXPECT_THAT(page, HasSubstr("hostnet_sriov_vfs{device=\"ens1f1\"} 0\n"));
  const auto none = TestCollector("sriov").page(NodeBuilder().build());
  EXPECT_EQ(none.error().reason, Reason::unsupported);
}

TEST(Sriov, WithoutSysfsItShowsWhatTheLinkTells) {
  NodeBuilder builder;
  builder.link({.name = "ens1f0", .virtual_functions = {{.index = 3, .mac = "02:00:00:00:00:01"}}});
  builder.file("sys/class/net/ens1f0/device/sriov_numvfs", "many\n");
  const auto page = *TestCollector("sriov").page(builder.build());
  EXPECT_THAT(page, HasSubstr("mac=\"02:00:00:00:00:01\""));
  EXPECT_THAT(page, HasSubstr("hostnet_sriov_vfs{device=\"ens1f0\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("limit")));
}

TEST(Sriov, ARecordingHasTheFunctions) {
  const TemporaryDirectory directory;
  const auto builder = node_with_functions();
  ASSERT_TRUE(builder.write_recording(directory / "node"));
  const auto replayed = replayed_node(directory / "node");
  ASSERT_TRUE(replayed) << replayed.error().message;
  const TestCollector collector("sriov");
  EXPECT_EQ(collector.page(*replayed), collector.page(builder.build()));
}

TEST(Sriov, SaysWhyThereAreNoLinks) {
  auto builder = node_with_functions();
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETLINK}] =
      failure(Reason::denied, "listing links: not permitted").error();
  EXPECT_EQ(error_of(TestCollector("sriov"), builder.build()).message,
            "listing links: not permitted");
}

}  // namespace
}  // namespace hostnet
