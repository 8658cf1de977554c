#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tests/collectors/collect.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// struct ndmsg and NDA_DST, as the kernel sends them.
std::vector<std::byte> neighbour(std::int32_t interface, std::uint16_t state, std::uint8_t last) {
  struct Message {
    nlmsghdr header;
    ndmsg fixed;
    nlattr attribute;
    std::uint8_t address[4];
  };
  Message message{};
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = RTM_NEWNEIGH;
  message.fixed.ndm_family = AF_INET;
  message.fixed.ndm_ifindex = interface;
  message.fixed.ndm_state = state;
  message.attribute.nla_len = sizeof(nlattr) + 4;
  message.attribute.nla_type = NDA_DST;
  message.address[0] = 10;
  message.address[3] = last;
  const auto bytes = std::as_bytes(std::span(&message, 1));
  return {bytes.begin(), bytes.end()};
}

NodeBuilder node_with_neighbours() {
  NodeBuilder builder;
  builder.link({.index = 7, .name = "eth0"});
  builder.link({.index = 8, .name = "eth1"});
  builder.netlink().answers[{NETLINK_ROUTE, RTM_GETNEIGH}] = {
      neighbour(7, NUD_REACHABLE, 1), neighbour(7, NUD_FAILED, 2), neighbour(7, NUD_NOARP, 3),
      neighbour(8, NUD_STALE, 4),     neighbour(1, NUD_NOARP, 5),  neighbour(99, NUD_STALE, 6)};
  builder.file("proc/1/net/arp",
               "IP address       HW type     Flags       HW address            Mask     Device\n"
               "10.0.0.1         0x1         0x2         02:00:00:00:00:01     *        eth5\n"
               "10.0.0.2         0x1         0x0         00:00:00:00:00:00     *        eth5\n");
  return builder;
}

TEST(Arp, CountsNeighboursThatNeedResolution) {
  EXPECT_EQ(*TestCollector("arp").page(node_with_neighbours().build()),
            "# TYPE hostnet_collector_source gauge\n"
            "hostnet_collector_source{collector=\"arp\",source=\"netlink\"} 1\n"
            "# TYPE node_arp_entries gauge\n"
            "node_arp_entries{device=\"eth0\"} 2\nnode_arp_entries{device=\"eth1\"} 1\n");
}

TEST(Arp, FiltersDevices) {
  const auto node = node_with_neighbours().build();
  const TestCollector without("arp", {{"arp.device-exclude", {"^eth1$"}}});
  EXPECT_THAT(*without.page(node), Not(HasSubstr("eth1")));
  const TestCollector only("arp", {{"arp.device-include", {"1"}}});
  EXPECT_THAT(*only.page(node), Not(HasSubstr("eth0")));
  EXPECT_EQ(
      refused_options("arp", {{"arp.device-include", {"a"}}, {"arp.device-exclude", {"b"}}}).reason,
      Reason::malformed);
}

TEST(Arp, ReadsProcWhereNetlinkIsRefusedOrNotWanted) {
  constexpr auto kFromProc =
      "# TYPE hostnet_collector_source gauge\n"
      "hostnet_collector_source{collector=\"arp\",source=\"procfs\"} 1\n"
      "# TYPE node_arp_entries gauge\nnode_arp_entries{device=\"eth5\"} 2\n";
  auto builder = node_with_neighbours();
  const TestCollector by_choice("arp", {{"arp.netlink", {"false"}}});
  EXPECT_EQ(*by_choice.page(builder.build()), kFromProc);
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETNEIGH}] =
      Error{.reason = Reason::denied, .message = "no"};
  EXPECT_EQ(*TestCollector("arp").page(builder.build()), kFromProc);
}

TEST(Arp, NamesTheLineThatDoesNotParse) {
  const TestCollector collector("arp", {{"arp.netlink", {"false"}}});
  EXPECT_EQ(collector.page(NodeBuilder().file("proc/net/arp", "IP\n10.0.0.1 0x1\n").build())
                .error()
                .message,
            "proc/net/arp line 2: expected six fields, the last one a device");
  EXPECT_EQ(collector.page(NodeBuilder().build()).error().reason, Reason::unsupported);
}

TEST(Arp, AMessageThatIsCutMakesItReadProcAndATimeoutDoesNot) {
  auto builder = node_with_neighbours();
  auto& answers = builder.netlink().answers[{NETLINK_ROUTE, RTM_GETNEIGH}];
  answers[0].resize(20);
  EXPECT_THAT(*TestCollector("arp").page(builder.build()), HasSubstr("source=\"procfs\"} 1\n"));
  builder.netlink().failures[{NETLINK_ROUTE, RTM_GETNEIGH}] =
      failure(Reason::timeout, "listing neighbours").error();
  EXPECT_EQ(error_of(TestCollector("arp"), builder.build()).reason, Reason::timeout);
}

}  // namespace
}  // namespace hostnet
