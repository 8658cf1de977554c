#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

NodeBuilder node_with_softnet(const char* text) {
  NodeBuilder builder;
  builder.file("proc/1/net/softnet_stat", text);
  return builder;
}

TEST(Softnet, TakesTheCpuFromItsColumn) {
  const auto page = *TestCollector("softnet").page(
      node_with_softnet("00000001 00000002 00000003 0 0 0 0 0 00000004 00000005 00000006 00000007 "
                        "00000000 00000000 00000000\n"
                        "0000ff00 0 0 0 0 0 0 0 0 0 0 0 00000003 0 0\n")
          .build());
  EXPECT_EQ(page, R"(# TYPE node_softnet_backlog_len gauge
node_softnet_backlog_len{cpu="0"} 7
node_softnet_backlog_len{cpu="3"} 0
# TYPE node_softnet_cpu_collision_total counter
node_softnet_cpu_collision_total{cpu="0"} 4
node_softnet_cpu_collision_total{cpu="3"} 0
# TYPE node_softnet_dropped_total counter
node_softnet_dropped_total{cpu="0"} 2
node_softnet_dropped_total{cpu="3"} 0
# TYPE node_softnet_flow_limit_count_total counter
node_softnet_flow_limit_count_total{cpu="0"} 6
node_softnet_flow_limit_count_total{cpu="3"} 0
# TYPE node_softnet_processed_total counter
node_softnet_processed_total{cpu="0"} 1
node_softnet_processed_total{cpu="3"} 65280
# TYPE node_softnet_received_rps_total counter
node_softnet_received_rps_total{cpu="0"} 5
node_softnet_received_rps_total{cpu="3"} 0
# TYPE node_softnet_times_squeezed_total counter
node_softnet_times_squeezed_total{cpu="0"} 3
node_softnet_times_squeezed_total{cpu="3"} 0
)");
}

TEST(Softnet, CountsRowsOnKernelsThatNameNoCpu) {
  const auto page = *TestCollector("softnet").page(
      node_with_softnet("1 0 0 0 0 0 0 0 0\n2 0 0 0 0 0 0 0 0\n").build());
  EXPECT_THAT(page, HasSubstr("processed_total{cpu=\"0\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("processed_total{cpu=\"1\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("backlog_len{cpu=\"1\"} 0\n"));
}

TEST(Softnet, GoesOnBeyond32Bits) {
  const TestCollector collector("softnet");
  const auto page = [&](const char* text) {
    return *collector.page(node_with_softnet(text).build());
  };
  EXPECT_THAT(page("fffffff0 0 0 0 0 0 0 0 0\n"), HasSubstr("{cpu=\"0\"} 4.29496728e+09\n"));
  EXPECT_THAT(page("00000010 0 0 0 0 0 0 0 0\n"), HasSubstr("{cpu=\"0\"} 4.294967312e+09\n"));
}

TEST(Softnet, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("softnet");
  constexpr auto kPath = "proc/net/softnet_stat";
  EXPECT_EQ(message_of(collector, kPath, "0 0 0 0\n"),
            "proc/net/softnet_stat line 1: has 4 columns, expected at least 9");
  EXPECT_EQ(message_of(collector, kPath, "0 x 0 0 0 0 0 0 0\n"),
            "proc/net/softnet_stat line 1: \"x\" is not a hexadecimal number");
  EXPECT_EQ(message_of(collector, kPath, "0 123456789 0 0 0 0 0 0 0\n"),
            "proc/net/softnet_stat line 1: \"123456789\" has more than 32 bits");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace hostnet
