#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

constexpr auto kUdpHeading = "  sl  local_address rem_address   st tx_queue rx_queue tr ...\n";

TEST(UdpQueues, AddsUpBothFamilies) {
  NodeBuilder builder;
  builder.file("proc/1/net/udp",
               std::string(kUdpHeading) +
                   "  0: 0A000005:0016 00000000:0000 07 00000010:00000001 00:00000000 0 0 0 1\n"
                   "  1: 00000000:0017 00000000:0000 07 00000004:00000002 00:00000000 0 0 0 1\n");
  const TestCollector collector("udp_queues");
  EXPECT_EQ(*collector.page(builder.build()),
            "# TYPE node_udp_queues gauge\n"
            "node_udp_queues{ip=\"v4\",queue=\"rx\"} 3\n"
            "node_udp_queues{ip=\"v4\",queue=\"tx\"} 20\n");
  builder.file("proc/1/net/udp6", kUdpHeading);
  EXPECT_THAT(*collector.page(builder.build()),
              HasSubstr("node_udp_queues{ip=\"v6\",queue=\"rx\"} 0\n"));
}

TEST(UdpQueues, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("udp_queues");
  const auto said_of = [&](const std::string& line) {
    return message_of(collector, "proc/net/udp", (kUdpHeading + line).c_str());
  };
  EXPECT_EQ(said_of("0: a:1 b:2\n"), "proc/net/udp line 2: no queues");
  EXPECT_EQ(said_of("0: a:1 b:2 07 12\n"),
            "proc/net/udp line 2: expected \"<tx_queue>:<rx_queue>\"");
  EXPECT_EQ(said_of("0: a:1 b:2 07 1:z\n"),
            "proc/net/udp line 2: \"z\" is not a hexadecimal number");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

}  // namespace
}  // namespace hostnet
