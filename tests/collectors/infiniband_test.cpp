#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "collectors/infiniband_counters.h"
#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

NodeBuilder node_with_adapters() {
  NodeBuilder builder;
  const auto put = [&](const std::string& path, const std::string& value) {
    builder.file("sys/class/infiniband/" + path, value + "\n");
  };
  put("mlx5_0/board_id", "SM_1141000001000");
  put("mlx5_0/fw_ver", "12.23.1020");
  put("mlx5_0/hca_type", "MT4099");
  put("mlx5_0/ports/1/state", "4: ACTIVE");
  put("mlx5_0/ports/1/phys_state", "5: LinkUp");
  put("mlx5_0/ports/1/rate", "2.5 Gb/sec (1X SDR)");
  put("mlx5_0/ports/1/counters/port_rcv_data", "1111");
  put("mlx5_0/ports/1/counters/VL15_dropped", "7");
  put("mlx5_0/ports/1/counters/link_downed", "N/A (no PMA)");
  put("mlx5_0/ports/1/counters_ext/port_xmit_data_64", "10");
  put("mlx5_0/ports/1/hw_counters/rp_cnp_handled", "3");
  put("mlx5_0/ports/1/hw_counters/lifespan", "10");
  put("irdma0/fw_ver", "1.52");
  put("irdma0/ports/1/state", "4: ACTIVE");
  return builder;
}

TEST(Infiniband, GivesAdaptersPortsAndCounters) {
  const auto page = *TestCollector("infiniband").page(node_with_adapters().build());
  EXPECT_EQ(page, R"(# TYPE node_infiniband_info gauge
node_infiniband_info{board_id="",device="irdma0",firmware_version="1.52",hca_type=""} 1
node_infiniband_info{board_id="SM_1141000001000",device="mlx5_0",firmware_version="12.23.1020",hca_type="MT4099"} 1
# TYPE node_infiniband_legacy_data_transmitted_bytes_total counter
node_infiniband_legacy_data_transmitted_bytes_total{device="mlx5_0",port="1"} 40
# TYPE node_infiniband_lifespan_seconds gauge
node_infiniband_lifespan_seconds{device="mlx5_0",port="1"} 0.01
# TYPE node_infiniband_physical_state_id gauge
node_infiniband_physical_state_id{device="mlx5_0",port="1"} 5
# TYPE node_infiniband_port_data_received_bytes_total counter
node_infiniband_port_data_received_bytes_total{device="mlx5_0",port="1"} 4444
# TYPE node_infiniband_rate_bytes_per_second gauge
node_infiniband_rate_bytes_per_second{device="mlx5_0",port="1"} 3.125e+08
# TYPE node_infiniband_rp_cnp_packets_handled_total counter
node_infiniband_rp_cnp_packets_handled_total{device="mlx5_0",port="1"} 3
# TYPE node_infiniband_state_id gauge
node_infiniband_state_id{device="irdma0",port="1"} 4
node_infiniband_state_id{device="mlx5_0",port="1"} 4
# TYPE node_infiniband_vl15_dropped_total counter
node_infiniband_vl15_dropped_total{device="mlx5_0",port="1"} 7
)");
}

TEST(Infiniband, FiltersDevicesAndIsAbsentWithoutHardware) {
  const TestCollector collector("infiniband", {{"infiniband.device-exclude", {"^mlx"}}});
  const auto page = *collector.page(node_with_adapters().build());
  EXPECT_THAT(page, Not(HasSubstr("mlx5_0")));
  EXPECT_THAT(page, HasSubstr("irdma0"));
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Infiniband, NamesEachCounterOnce) {
  std::set<std::string_view> names;
  std::set<std::string_view> files;
  for (const auto& counter : kInfinibandCounters) {
    EXPECT_TRUE(names.insert(counter.name).second) << counter.name;
    EXPECT_TRUE(files.insert(counter.file).second) << counter.file;
    EXPECT_TRUE(counter.name.ends_with("_total"));
  }
}

TEST(Infiniband, AFileThatIsNonsenseOrCannotBeReadCostsItsOwnSeries) {
  auto builder = node_with_adapters();
  const std::string port = "sys/class/infiniband/mlx5_0/ports/1/";
  builder.file(port + "state", "ACTIVE\n").file(port + "rate", "fast\n");
  builder.file_error(port + "phys_state", failure(Reason::denied, "no").error());
  builder.file(port + "counters/port_rcv_data", "1111");  // without a newline
  const auto page = *TestCollector("infiniband").page(builder.build());
  for (const auto* name :
       {"state_id{device=\"mlx5_0\"", "rate_bytes_per_second", "physical_state"}) {
    EXPECT_THAT(page, Not(HasSubstr(name)));
  }
  EXPECT_THAT(page, HasSubstr("node_infiniband_port_data_received_bytes_total{device=\"mlx5_0\","
                              "port=\"1\"} 4444\n"));
  builder.file_error("sys/class/infiniband", failure(Reason::denied, "no").error());
  EXPECT_EQ(error_of(TestCollector("infiniband"), builder.build()).reason, Reason::denied);
}

}  // namespace
}  // namespace hostnet
