#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <cstring>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kStat = "proc/1/net/stat/nf_conntrack";
constexpr std::pair<int, std::uint16_t> kAsked{NETLINK_NETFILTER, 0x0104};

NodeBuilder node_with_table() {
  NodeBuilder builder;
  builder.file("proc/sys/net/netfilter/nf_conntrack_count", "123\n");
  builder.file("proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
  return builder;
}

std::string stat_of(const std::string& cpu0, const std::string& cpu1) {
  const std::string before = "0000007b  00000000 ";
  const std::string after =
      " 00000000 0000000a 00000001 00000000 00000000 00000005 00000006 00000007 00000008 00000000"
      "  00000000 00000000 00000000 0000000b\n";
  return "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop "
         "early_drop icmp_error  expect_new expect_create expect_delete search_restart\n" +
         before + cpu0 + after + before + cpu1 + after;
}

TEST(Conntrack, AddsUpTheCpus) {
  auto builder = node_with_table();
  builder.file(kStat, stat_of("00000003", "00000010"));
  const auto page = *TestCollector("conntrack").page(builder.build());
  EXPECT_EQ(page, R"(# TYPE hostnet_collector_source gauge
hostnet_collector_source{collector="conntrack",source="procfs"} 1
# TYPE node_nf_conntrack_entries gauge
node_nf_conntrack_entries 123
# TYPE node_nf_conntrack_entries_limit gauge
node_nf_conntrack_entries_limit 65536
# TYPE node_nf_conntrack_stat_drop gauge
node_nf_conntrack_stat_drop 14
# TYPE node_nf_conntrack_stat_early_drop gauge
node_nf_conntrack_stat_early_drop 16
# TYPE node_nf_conntrack_stat_found gauge
node_nf_conntrack_stat_found 19
# TYPE node_nf_conntrack_stat_ignore gauge
node_nf_conntrack_stat_ignore 2
# TYPE node_nf_conntrack_stat_insert gauge
node_nf_conntrack_stat_insert 10
# TYPE node_nf_conntrack_stat_insert_failed gauge
node_nf_conntrack_stat_insert_failed 12
# TYPE node_nf_conntrack_stat_invalid gauge
node_nf_conntrack_stat_invalid 20
# TYPE node_nf_conntrack_stat_search_restart gauge
node_nf_conntrack_stat_search_restart 22
)");
}

TEST(Conntrack, GoesOnBeyond32Bits) {
  auto builder = node_with_table();
  const TestCollector collector("conntrack");
  builder.file(kStat, stat_of("ffffffff", "ffffffff"));
  EXPECT_THAT(*collector.page(builder.build()), HasSubstr("stat_found 8.58993459e+09\n"));
  builder.file(kStat, stat_of("00000000", "ffffffff"));
  EXPECT_THAT(*collector.page(builder.build()), HasSubstr("stat_found 8.589934591e+09\n"));
}

// IPCTNL_MSG_CT_GET_STATS_CPU's answer for one CPU, with one counter.
std::vector<std::byte> counters_of(std::uint16_t cpu, std::uint16_t type, std::uint32_t value) {
  struct Message {
    nlmsghdr header;
    nfgenmsg fixed;
    nlattr attribute;
    std::uint32_t value;
  };
  Message message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = kAsked.second;
  message.fixed.res_id = htons(cpu);
  message.attribute.nla_len = sizeof(nlattr) + sizeof value;
  message.attribute.nla_type = type;
  message.value = htonl(value);
  std::vector<std::byte> bytes(sizeof message);
  std::memcpy(bytes.data(), &message, sizeof message);
  return bytes;
}

TEST(Conntrack, AsksCtnetlinkWhereProcHasNoStatistics) {
  auto builder = node_with_table();
  builder.netlink().answers[kAsked] = {counters_of(0, CTA_STATS_INSERT_FAILED, 40),
                                       counters_of(3, CTA_STATS_INSERT_FAILED, 2)};
  const auto page = *TestCollector("conntrack").page(builder.build());
  EXPECT_THAT(page, HasSubstr("node_nf_conntrack_stat_insert_failed 42\n"));
  EXPECT_THAT(page, HasSubstr("node_nf_conntrack_stat_found 0\n"));
  EXPECT_THAT(page, HasSubstr("source=\"netlink\"} 1\n"));
}

TEST(Conntrack, KeepsTheTablesSizeWhereStatisticsAreNotToBeHad) {
  auto builder = node_with_table();
  builder.netlink().failures[kAsked] = Error{.reason = Reason::denied, .message = "no"};
  const auto page = *TestCollector("conntrack").page(builder.build());
  EXPECT_THAT(page, HasSubstr("node_nf_conntrack_entries 123\n"));
  EXPECT_THAT(page, Not(HasSubstr("stat_")));
}

TEST(Conntrack, TellsAbsentFromBroken) {
  const TestCollector collector("conntrack");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
  auto builder = node_with_table();
  builder.file(kStat, "found drop\n1\n");
  EXPECT_EQ(collector.page(builder.build()).error().message,
            "proc/1/net/stat/nf_conntrack line 2: has 1 fields, expected 2");
  builder.file(kStat, "found drop\n1 x\n");
  EXPECT_EQ(collector.page(builder.build()).error().message,
            "proc/1/net/stat/nf_conntrack line 2: \"x\" is not a hexadecimal number");
}

}  // namespace
}  // namespace hostnet
