#include "netlink/rtnetlink/network_change.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::Bytes;
using testing::raw;

std::optional<NetworkChange> change_of(std::uint16_t type, const Bytes& payload) {
  return network_change({.type = type, .payload = payload});
}

// Every message of these groups begins with the family.
Bytes of_family(unsigned char family) {
  rtmsg header{};
  header.rtm_family = family;
  return raw(header);
}

TEST(NetworkChange, IsWhatTheMessageTypeSays) {
  using enum NetworkObject;
  const auto is = [](std::uint16_t type, unsigned char family, NetworkObject object, bool gone) {
    return change_of(type, of_family(family)) == NetworkChange{.object = object, .gone = gone};
  };
  EXPECT_TRUE(is(RTM_NEWLINK, AF_UNSPEC, link, false));
  EXPECT_TRUE(is(RTM_DELLINK, AF_UNSPEC, link, true));
  EXPECT_TRUE(is(RTM_NEWADDR, AF_INET, address, false));
  EXPECT_TRUE(is(RTM_DELADDR, AF_INET6, address, true));
  EXPECT_TRUE(is(RTM_NEWROUTE, AF_INET6, route, false));
  EXPECT_TRUE(is(RTM_DELROUTE, AF_INET, route, true));
  EXPECT_TRUE(is(RTM_NEWRULE, AF_INET, rule, false));
  EXPECT_TRUE(is(RTM_DELRULE, AF_INET6, rule, true));
  EXPECT_TRUE(is(RTM_NEWNEIGH, AF_INET, neighbour, false));
  EXPECT_TRUE(is(RTM_DELNEIGH, AF_INET6, neighbour, true));
}

TEST(NetworkChange, IsNotABridgesViewOfALinkOrANeighbour) {
  // A port that leaves its bridge is an RTM_DELLINK of AF_BRIDGE; the link stays.
  EXPECT_FALSE(change_of(RTM_DELLINK, of_family(AF_BRIDGE)));
  EXPECT_FALSE(change_of(RTM_NEWNEIGH, of_family(AF_BRIDGE)));
  EXPECT_FALSE(change_of(RTM_NEWROUTE, of_family(AF_MPLS)));
}

TEST(NetworkChange, IsNotARouteThatTheKernelOnlyCached) {
  rtmsg header{};
  header.rtm_family = AF_INET6;
  header.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(change_of(RTM_NEWROUTE, raw(header)));
}

TEST(NetworkChange, IsNeverReadBeyondAMessage) {
  EXPECT_FALSE(change_of(RTM_NEWLINK, {}));
  EXPECT_FALSE(change_of(RTM_NEWROUTE, Bytes(1, std::byte{AF_INET})));
  EXPECT_FALSE(change_of(RTM_NEWNETCONF, of_family(AF_INET)));
}

}  // namespace
}  // namespace hostnet
