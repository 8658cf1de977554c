#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

TEST(Lnstat, HasARowForEachCpu) {
  const Node node = NodeBuilder()
                        .file("proc/1/net/stat/arp_cache",
                              "entries  lookups \n0000000a 00000010\n0000000a ffffffff\n")
                        .file("proc/1/net/stat/nf_conntrack", "entries found\n00000001 00000000\n")
                        .build();
  EXPECT_EQ(*TestCollector("lnstat").page(node),
            "# TYPE node_lnstat_entries_total counter\n"
            "node_lnstat_entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 10\n"
            "node_lnstat_entries_total{cpu=\"0\",subsystem=\"nf_conntrack\"} 1\n"
            "node_lnstat_entries_total{cpu=\"1\",subsystem=\"arp_cache\"} 10\n"
            "# TYPE node_lnstat_found_total counter\n"
            "node_lnstat_found_total{cpu=\"0\",subsystem=\"nf_conntrack\"} 0\n"
            "# TYPE node_lnstat_lookups_total counter\n"
            "node_lnstat_lookups_total{cpu=\"0\",subsystem=\"arp_cache\"} 16\n"
            "node_lnstat_lookups_total{cpu=\"1\",subsystem=\"arp_cache\"} 4.294967295e+09\n");
}

TEST(Lnstat, GoesOnBeyond32BitsAndLetsALevelFall) {
  const TestCollector collector("lnstat");
  const auto page = [&](std::string row) {
    return *collector.page(
        node_with_file("proc/1/net/stat/arp_cache", "entries hits wide\n" + row + "\n"));
  };
  page("0000000a fffffff0 100000000");
  const auto next = page("00000005 00000010 100000001");
  EXPECT_THAT(next, HasSubstr("entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 5\n"));
  EXPECT_THAT(next, HasSubstr("hits_total{cpu=\"0\",subsystem=\"arp_cache\"} 4.294967312e+09\n"));
  EXPECT_THAT(next, HasSubstr("wide_total{cpu=\"0\",subsystem=\"arp_cache\"} 4.294967297e+09\n"));
}

TEST(Lnstat, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("lnstat");
  constexpr auto kPath = "proc/1/net/stat/x";
  EXPECT_EQ(message_of(collector, kPath, ""), "proc/1/net/stat/x line 0: no names");
  EXPECT_EQ(message_of(collector, kPath, "a b-c\n"),
            "proc/1/net/stat/x line 1: expected a line of names");
  EXPECT_EQ(message_of(collector, kPath, "a b\n1\n"),
            "proc/1/net/stat/x line 2: has 1 numbers, expected 2");
  EXPECT_EQ(message_of(collector, kPath, "a\nz\n"),
            "proc/1/net/stat/x line 2: \"z\" is not a hexadecimal number");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Lnstat, AFileThatIsGoneMeanwhileIsLeftOutAndAnotherFailureIsAnError) {
  const TestCollector collector("lnstat");
  NodeBuilder builder;
  builder.file("proc/1/net/stat/arp_cache", "entries\n0000000a\n")
      .file("proc/1/net/stat/nf_conntrack", "found\n00000001\n");
  builder.file_error("proc/1/net/stat/nf_conntrack", failure(Reason::vanished, "gone").error());
  EXPECT_EQ(*collector.page(builder.build()),
            "# TYPE node_lnstat_entries_total counter\n"
            "node_lnstat_entries_total{cpu=\"0\",subsystem=\"arp_cache\"} 10\n");
  builder.file_error("proc/1/net/stat/nf_conntrack", failure(Reason::denied, "no").error());
  EXPECT_EQ(error_of(collector, builder.build()).reason, Reason::denied);
}

}  // namespace
}  // namespace hostnet
