#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST(Sockstat, GivesEveryProtocolAndItsMemoryInBytes) {
  NodeBuilder builder;
  builder.identity().page_size = 16384;
  builder.file("proc/1/net/sockstat",
               "sockets: used 22\nTCP: inuse 4 orphan 1 tw 2 alloc 5 mem 144\n"
               "FRAG: inuse 0 memory 7\n");
  builder.file("proc/1/net/sockstat6", "TCP6: inuse 3\n");
  EXPECT_EQ(*TestCollector("sockstat").page(builder.build()),
            "# TYPE node_sockstat_FRAG_inuse gauge\nnode_sockstat_FRAG_inuse 0\n"
            "# TYPE node_sockstat_FRAG_memory gauge\nnode_sockstat_FRAG_memory 7\n"
            "# TYPE node_sockstat_TCP6_inuse gauge\nnode_sockstat_TCP6_inuse 3\n"
            "# TYPE node_sockstat_TCP_alloc gauge\nnode_sockstat_TCP_alloc 5\n"
            "# TYPE node_sockstat_TCP_inuse gauge\nnode_sockstat_TCP_inuse 4\n"
            "# TYPE node_sockstat_TCP_mem gauge\nnode_sockstat_TCP_mem 144\n"
            "# TYPE node_sockstat_TCP_mem_bytes gauge\nnode_sockstat_TCP_mem_bytes 2.359296e+06\n"
            "# TYPE node_sockstat_TCP_orphan gauge\nnode_sockstat_TCP_orphan 1\n"
            "# TYPE node_sockstat_TCP_tw gauge\nnode_sockstat_TCP_tw 2\n"
            "# TYPE node_sockstat_sockets_used gauge\nnode_sockstat_sockets_used 22\n");
}

TEST(Sockstat, DoesWithoutIpv6ButNotWithoutBoth) {
  const TestCollector collector("sockstat");
  EXPECT_TRUE(collector.page(NodeBuilder().file("proc/net/sockstat", "UDP: inuse 1\n").build()));
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Sockstat, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("sockstat");
  const auto error_of = [&](const char* text) {
    return collector.page(NodeBuilder().file("proc/net/sockstat", text).build()).error().message;
  };
  EXPECT_EQ(error_of("TCP: inuse\n"),
            "proc/net/sockstat line 1: expected \"<protocol>: <name> <number> ...\"");
  EXPECT_EQ(error_of("sockets: used 1\nTCP: inuse many\n"),
            "proc/net/sockstat line 2: \"many\" is not a number");
}

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

TEST(Time, TellsTheClockAndItsSources) {
  NodeBuilder builder;
  builder.clock()->advance(std::chrono::milliseconds(123));
  builder.file("sys/devices/system/clocksource/clocksource0/available_clocksource",
               "tsc kvm-clock \n");
  builder.file("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
  const auto page = *TestCollector("time").page(builder.build());
  EXPECT_THAT(page, HasSubstr("node_time_seconds 1.767323045123e+09\n"));
  EXPECT_THAT(page, HasSubstr("node_time_zone_offset_seconds{time_zone=\""));
  EXPECT_THAT(
      page,
      HasSubstr("node_time_clocksource_available_info{clocksource=\"kvm-clock\",device=\"0\"} 1\n"
                "node_time_clocksource_available_info{clocksource=\"tsc\",device=\"0\"} 1\n"));
  EXPECT_THAT(
      page, HasSubstr("node_time_clocksource_current_info{clocksource=\"tsc\",device=\"0\"} 1\n"));
}

TEST(Boottime, ReadsItFromProcStat) {
  const TestCollector collector("boottime");
  const auto node = NodeBuilder().file("proc/stat", "cpu 1 2\nbtime 1795299366\n").build();
  EXPECT_EQ(*collector.page(node),
            "# TYPE node_boot_time_seconds gauge\nnode_boot_time_seconds 1.795299366e+09\n");
  const auto without = NodeBuilder().file("proc/stat", "cpu 1 2\n").build();
  EXPECT_EQ(collector.page(without).error().message, "proc/stat: no line begins with btime");
}

TEST(Registry, ListsCollectorsInNameOrderWithFlagsOfTheirOwn) {
  std::string_view last;
  for (const Collector& collector : all_collectors()) {
    EXPECT_LT(last, collector.name);
    last = collector.name;
    EXPECT_FALSE(collector.help.empty());
    for (const auto& flag : collector.flags) {
      EXPECT_TRUE(flag.name.starts_with(std::string(collector.name) + ".")) << flag.name;
    }
    EXPECT_TRUE(collector.make(options_with_defaults({})).has_value()) << collector.name;
  }
}

}  // namespace
}  // namespace hostnet
