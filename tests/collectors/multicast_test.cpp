#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kIgmp =
    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
    "1\tlo        :     1      V3\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "2\teth0      :     4      V3\n"
    "\t\t\t\tFB0000E0     3 0:00000000\t\t0\n"
    "\t\t\t\t0101FFEF     1 0:00000000\t\t1\n"
    "\t\t\t\t6A0000E0     1 0:00000000\t\t0\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "31\tveth01234567890:     1      V3\n"
    "\t\t\t\t010000E0     1 0:00000000\t\t0\n";
constexpr std::string_view kIgmp6 =
    "1    lo              ff020000000000000000000000000001     1 0000000C 0\n"
    "2    eth0            ff0200000000000000000000000000fb     2 00000004 0\n"
    "2    eth0            ff0200000000000000000001ff12abcd     1 00000004 0\n"
    "2    eth0            ff020000000000000000000000000001     1 0000000C 0\n"
    "2    eth0            ff010000000000000000000000000001     1 00000008 0\n"
    "2    eth0            ff050000000000000000000000000002     1 00000008 0\n"
    "2    eth0            ff02000000000000000000000000006a     1 00000008 0\n"
    "31   veth01234567890 ff050000000000000000000000010003     1 00000004 0\n";

NodeBuilder node_with_groups() {
  return std::move(NodeBuilder()
                       .file("proc/1/net/igmp", std::string(kIgmp))
                       .file("proc/1/net/igmp6", std::string(kIgmp6)));
}

TEST(Multicast, ShowsTheGroupsThatProgramsJoined) {
  EXPECT_EQ(*TestCollector("multicast").page(node_with_groups().build()),
            R"(# TYPE hostnet_multicast_memberships gauge
hostnet_multicast_memberships{device="eth0",family="ipv4",group="224.0.0.251"} 3
hostnet_multicast_memberships{device="eth0",family="ipv4",group="239.255.1.1"} 1
hostnet_multicast_memberships{device="eth0",family="ipv6",group="ff02::fb"} 2
hostnet_multicast_memberships{device="veth01234567890",family="ipv6",group="ff05::1:3"} 1
# TYPE hostnet_series_dropped gauge
hostnet_series_dropped{family="hostnet_multicast_memberships"} 0
)");
}

TEST(Multicast, ShowsTheKernelsGroupsWhenAsked) {
  const auto page = *TestCollector("multicast", {{"multicast.kernel-groups", {"true"}},
                                                 {"multicast.device-exclude", {"^(lo|veth.*)$"}}})
                         .page(node_with_groups().build());
  EXPECT_THAT(page, HasSubstr(R"({device="eth0",family="ipv4",group="224.0.0.1"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"({device="eth0",family="ipv6",group="ff02::1:ff12:abcd"} 1)"));
  EXPECT_EQ(std::ranges::count(page, '\n'), 13);
}

TEST(Multicast, StopsAtTenThousandSeriesAndSaysHowManyMore) {
  std::string igmp6;
  for (int i = 0; i < 10'003; ++i) {
    igmp6 += fmt::format("2 eth0 ff0500000000000000000000{:08x} 1 00000004 0\n", 0x10000 + i);
  }
  const auto page =
      *TestCollector("multicast").page(NodeBuilder().file("proc/1/net/igmp6", igmp6).build());
  EXPECT_THAT(page,
              HasSubstr("hostnet_series_dropped{family=\"hostnet_multicast_memberships\"} 3"));
  EXPECT_EQ(std::ranges::count(page, '\n'), 10'003);
}

TEST(Multicast, OneFamilyIsEnoughAndNoneIsUnsupported) {
  const auto page = *TestCollector("multicast")
                         .page(NodeBuilder().file("proc/1/net/igmp", std::string(kIgmp)).build());
  EXPECT_THAT(page, HasSubstr("224.0.0.251"));
  EXPECT_EQ(TestCollector("multicast").page(NodeBuilder().build()).error().reason,
            Reason::unsupported);
}

TEST(Multicast, NamesTheLineThatDoesNotParse) {
  const auto head = std::string("Idx\tDevice\n");
  for (const auto& [name, contents, message] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"igmp", head + "\t\t\t\t010000E0     1 0:0\t\t0\n",
            "line 2: a group before any device"},
           {"igmp", head + "1\n", "line 2: expected an index and a device"},
           {"igmp", head + "1\teth0 : 1 V3\n\t\t\t\t01x 1 0:0\t\t0\n", "line 3: \"01x\" is not a"},
           {"igmp", head + "1\teth0 : 1 V3\n\t\t\t\t0100\n", "line 3: "},
           {"igmp", head + "1\teth0 : 1 V3\n\t\t\t\t1010000E0 1\n",
            "line 3: an address above 32 bits"},
           {"igmp6", "1 lo ff02\n", "line 1: expected index, device, group and users"},
           {"igmp6", "1 lo ff0200000000000000000000000000zz 1 0 0\n", "is not an IPv6 address"},
           {"igmp6", "1 lo ff020000000000000000000000000001 many 0 0\n", "line 1: \"many\" is not"},
       }) {
    const auto page =
        TestCollector("multicast").page(NodeBuilder().file("proc/1/net/" + name, contents).build());
    ASSERT_FALSE(page) << contents;
    EXPECT_EQ(page.error().reason, Reason::malformed);
    EXPECT_THAT(page.error().message, HasSubstr("proc/1/net/" + name + " "));
    EXPECT_THAT(page.error().message, HasSubstr(message));
  }
}

}  // namespace
}  // namespace hostnet
