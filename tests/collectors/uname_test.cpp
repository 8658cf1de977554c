#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

TEST(Uname, LabelsOneSeriesWithEverything) {
  NodeBuilder builder;
  builder.identity().sysname = "Linux";
  builder.identity().nodename = "n1";
  builder.identity().release = "6.1.0";
  builder.identity().version = "#1 SMP";
  builder.identity().machine = "x86_64";
  builder.identity().domainname = "(none)";
  EXPECT_EQ(*TestCollector("uname").page(builder.build()),
            "# TYPE node_uname_info gauge\n"
            "node_uname_info{domainname=\"(none)\",machine=\"x86_64\",nodename=\"n1\","
            "release=\"6.1.0\",sysname=\"Linux\",version=\"#1 SMP\"} 1\n");
}

TEST(Uname, WritesWhatARecordingLeavesOutAsEmptyAndWhatIsOddEscaped) {
  NodeBuilder builder;
  builder.identity() = {};
  builder.identity().nodename = "n\"1\n";
  EXPECT_EQ(*TestCollector("uname").page(builder.build()),
            "# TYPE node_uname_info gauge\n"
            "node_uname_info{domainname=\"\",machine=\"\",nodename=\"n\\\"1\\n\",release=\"\","
            "sysname=\"\",version=\"\"} 1\n");
}

}  // namespace
}  // namespace hostnet
