#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/node/recording/replay.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NodeBuilder node_with_drivers() {
  NodeBuilder builder;
  builder.link({.name = "eth0"}).link({.name = "eth1"}).link({.name = "dummy0"});
  // 10/100/1000baseT, autonegotiation, TP, both pauses; 25000baseKR; 800000baseVR8.
  builder.ethtool().devices["eth0"] = {.driver = EthtoolDriver{.driver = "e1000e",
                                                               .version = "5.11.0",
                                                               .firmware_version = "0.5-4",
                                                               .bus_info = "0000:00:1f.6",
                                                               .expansion_rom_version = ""},
                                       .link = EthtoolLink{.autonegotiate = true,
                                                           .supported = {{0x60EF, 1, 0, 0x4}},
                                                           .advertised = {{0x2020, 0, 0, 0}}},
                                       .statistics = {{{"rx_bytes", 1250000000},
                                                       {"port.rx_errors", 3},
                                                       {"Queue[0] AllocFails", 4},
                                                       {"[3]: tx_bytes", 5},
                                                       {"tx_rx", 6},
                                                       {"rx_rx_pause", 7},
                                                       {"same name", 8},
                                                       {"same.name", 9},
                                                       {"__a_.__b-", 10},
                                                       {"rx_dropped", 11},
                                                       {"???", 12},
                                                       {"", 13}}},
                                       .failure = {}};
  builder.ethtool().devices["eth1"] = {
      .driver = {}, .link = {}, .statistics = {{{"rx_bytes", 1}}}, .failure = {}};
  return builder;
}

TEST(EthtoolCollector, ShowsDriversModesAndStatisticsAsNodeExporterDoes) {
  const auto page = *TestCollector("ethtool").page(node_with_drivers().build());
  EXPECT_EQ(page, R"(# TYPE node_ethtool_ untyped
node_ethtool_{device="eth0"} 12
# TYPE node_ethtool_3_transmitted_bytes untyped
node_ethtool_3_transmitted_bytes{device="eth0"} 5
# TYPE node_ethtool_a_b_ untyped
node_ethtool_a_b_{device="eth0"} 10
# TYPE node_ethtool_info gauge
node_ethtool_info{bus_info="0000:00:1f.6",device="eth0",driver="e1000e",expansion_rom_version="",firmware_version="0.5-4",version="5.11.0"} 1
# TYPE node_ethtool_port_received_errors untyped
node_ethtool_port_received_errors{device="eth0"} 3
# TYPE node_ethtool_queue_0_allocfails untyped
node_ethtool_queue_0_allocfails{device="eth0"} 4
# TYPE node_ethtool_received_bytes_total untyped
node_ethtool_received_bytes_total{device="eth0"} 1.25e+09
node_ethtool_received_bytes_total{device="eth1"} 1
# TYPE node_ethtool_received_dropped_total untyped
node_ethtool_received_dropped_total{device="eth0"} 11
# TYPE node_ethtool_received_rx_pause untyped
node_ethtool_received_rx_pause{device="eth0"} 7
# TYPE node_ethtool_transmitted_received untyped
node_ethtool_transmitted_received{device="eth0"} 6
# TYPE node_network_advertised_speed_bytes gauge
node_network_advertised_speed_bytes{device="eth0",duplex="full",mode="1000baseT"} 1.25e+08
# TYPE node_network_asymmetricpause_advertised gauge
node_network_asymmetricpause_advertised{device="eth0"} 0
# TYPE node_network_asymmetricpause_supported gauge
node_network_asymmetricpause_supported{device="eth0"} 1
# TYPE node_network_autonegotiate gauge
node_network_autonegotiate{device="eth0"} 1
# TYPE node_network_autonegotiate_advertised gauge
node_network_autonegotiate_advertised{device="eth0"} 0
# TYPE node_network_autonegotiate_supported gauge
node_network_autonegotiate_supported{device="eth0"} 1
# TYPE node_network_pause_advertised gauge
node_network_pause_advertised{device="eth0"} 1
# TYPE node_network_pause_supported gauge
node_network_pause_supported{device="eth0"} 1
# TYPE node_network_supported_port_info gauge
node_network_supported_port_info{device="eth0",type="TP"} 1
# TYPE node_network_supported_speed_bytes gauge
node_network_supported_speed_bytes{device="eth0",duplex="full",mode="1000baseT"} 1.25e+08
node_network_supported_speed_bytes{device="eth0",duplex="full",mode="100baseT"} 1.25e+07
node_network_supported_speed_bytes{device="eth0",duplex="full",mode="10baseT"} 1.25e+06
node_network_supported_speed_bytes{device="eth0",duplex="full",mode="25000baseKR"} 3.125e+09
node_network_supported_speed_bytes{device="eth0",duplex="full",mode="800000baseVR8"} 1e+11
node_network_supported_speed_bytes{device="eth0",duplex="half",mode="100baseT"} 1.25e+07
node_network_supported_speed_bytes{device="eth0",duplex="half",mode="10baseT"} 1.25e+06
)");
}

TEST(EthtoolCollector, ChoosesDevicesAndStatistics) {
  const auto node = node_with_drivers().build();
  const auto page = *TestCollector("ethtool", {{"ethtool.device-exclude", {"^eth0$"}}}).page(node);
  EXPECT_THAT(page, Not(HasSubstr("eth0")));
  const auto few =
      *TestCollector("ethtool", {{"ethtool.metrics-include", {"^(rx_bytes|port_rx_.*)$"}},
                                 {"ethtool.device-include", {"eth0"}}})
           .page(node);
  EXPECT_THAT(few, HasSubstr("node_ethtool_received_bytes_total{"));
  EXPECT_THAT(few, HasSubstr("node_ethtool_port_received_errors{"));
  EXPECT_THAT(few, Not(HasSubstr("eth1")));
  EXPECT_THAT(few, Not(HasSubstr("alloc")));
  EXPECT_THAT(refused_options("ethtool", {{"ethtool.metrics-include", {"("}}}).message,
              HasSubstr("--collector.ethtool.metrics-include"));
}

TEST(EthtoolCollector, ADeviceThatFailsCostsOnlyItself) {
  auto builder = node_with_drivers();
  builder.ethtool().devices["eth0"].failure = failure(Reason::denied, "no").error();
  const auto page = *TestCollector("ethtool").page(builder.build());
  EXPECT_THAT(page, HasSubstr("node_ethtool_received_bytes_total{device=\"eth1\"} 1\n"));
  EXPECT_THAT(page, Not(HasSubstr("eth0")));
}

TEST(EthtoolCollector, TellsNoDriversFromDriversItMayNotAsk) {
  NodeBuilder builder;
  builder.ethtool().devices["lo"] = {};
  const auto nothing = TestCollector("ethtool").page(builder.build());
  EXPECT_EQ(nothing.error().reason, Reason::unsupported);
  builder.ethtool().devices["lo"].failure = failure(Reason::denied, "not you").error();
  const auto refused = TestCollector("ethtool").page(builder.build());
  EXPECT_EQ(refused.error().reason, Reason::denied);
}

TEST(EthtoolCollector, ARecordingHasWhatTheDriversSaid) {
  const TemporaryDirectory directory;
  const auto builder = node_with_drivers();
  ASSERT_TRUE(builder.write_recording(directory / "node"));
  const auto replayed = replayed_node(directory / "node");
  ASSERT_TRUE(replayed) << replayed.error().message;
  const TestCollector collector("ethtool");
  EXPECT_EQ(collector.page(*replayed), collector.page(builder.build()));
}

}  // namespace
}  // namespace hostnet
