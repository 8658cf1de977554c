#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST(Softirqs, CountsForEachCpuThatTheHeadingNames) {
  EXPECT_EQ(*TestCollector("softirqs")
                 .page(node_with_file("proc/softirqs",
                                      "                    CPU0       CPU2       \n"
                                      "          HI:          3          0\n"
                                      "      NET_RX:    1000000          7\n")),
            "# TYPE node_softirqs_functions_total counter\n"
            "node_softirqs_functions_total{cpu=\"0\",type=\"HI\"} 3\n"
            "node_softirqs_functions_total{cpu=\"0\",type=\"NET_RX\"} 1e+06\n"
            "node_softirqs_functions_total{cpu=\"2\",type=\"HI\"} 0\n"
            "node_softirqs_functions_total{cpu=\"2\",type=\"NET_RX\"} 7\n");
}

TEST(Softirqs, GoesOnBeyond32BitsWhenACpuGoesToo) {
  const TestCollector collector("softirqs");
  const auto page = [&](std::string text) {
    return *collector.page(node_with_file("proc/softirqs", std::move(text)));
  };
  page("CPU0 CPU1\nRCU: 5 4294967280\n");
  EXPECT_THAT(page("CPU1\nRCU: 16\n"), HasSubstr("{cpu=\"1\",type=\"RCU\"} 4.294967312e+09\n"));
  EXPECT_THAT(page("CPU0 CPU1\nRCU: 6 17\n"), HasSubstr("{cpu=\"0\",type=\"RCU\"} 6\n"));
}

TEST(Softirqs, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("softirqs");
  constexpr auto kPath = "proc/softirqs";
  EXPECT_EQ(message_of(collector, kPath, ""), "proc/softirqs line 0: expected \"CPU0 CPU1 ...\"");
  EXPECT_EQ(message_of(collector, kPath, "CPU0 CPUx\n"),
            "proc/softirqs line 1: expected \"CPU0 CPU1 ...\"");
  EXPECT_EQ(message_of(collector, kPath, "CPU0 CPU1 CPU2\nHI: 1 2\n"),
            "proc/softirqs line 2: has 2 numbers, expected 3");
  EXPECT_EQ(message_of(collector, kPath, "CPU0\nHI: -1\n"),
            "proc/softirqs line 2: \"-1\" is not a number");
  EXPECT_EQ(message_of(collector, kPath, "CPU0\nHI 1\n"),
            "proc/softirqs line 2: expected \"<name>: ...\"");
  EXPECT_FALSE(collector.page(NodeBuilder().build()));
}

}  // namespace
}  // namespace hostnet
