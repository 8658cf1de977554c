#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(Boottime, ReadsItFromProcStat) {
  const TestCollector collector("boottime");
  const auto node = NodeBuilder().file("proc/stat", "cpu 1 2\nbtime 1795299366\n").build();
  EXPECT_EQ(*collector.page(node),
            "# TYPE node_boot_time_seconds gauge\nnode_boot_time_seconds 1.795299366e+09\n");
}

TEST(Boottime, SaysWhatIsWrongWithProcStat) {
  const TestCollector collector("boottime");
  EXPECT_EQ(message_of(collector, "proc/stat", "cpu 1 2\n"),
            "proc/stat: no line begins with btime");
  EXPECT_EQ(message_of(collector, "proc/stat", "cpu 1 2\nbtime soon\n"),
            "proc/stat line 2: \"soon\" is not a number");
  EXPECT_EQ(message_of(collector, "proc/stat", "btime"),
            "proc/stat line 1: has 1 fields, expected 2");
  EXPECT_EQ(message_of(collector, "proc/stat", ""), "proc/stat: no line begins with btime");
  EXPECT_EQ(error_of(collector, NodeBuilder().build()).reason, Reason::vanished);
}

}  // namespace
}  // namespace hostnet
