#include "netlink/rtnetlink/link_network.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using testing::join;
using testing::raw;
using testing::text;

LinkNetwork network_of(const Bytes& attributes, std::uint16_t type = RTM_NEWLINK) {
  const Bytes payload = join(raw(ifinfomsg{}), attributes);
  return decode_link_network({.type = type, .payload = payload});
}

Bytes link_info(const char* kind, const Bytes& data) {
  return attribute(IFLA_LINKINFO,
                   join(attribute(IFLA_INFO_KIND, text(kind)), attribute(IFLA_INFO_DATA, data)));
}

TEST(LinkNetwork, HasTheNumberOfAVlanAndOfTunnels) {
  EXPECT_EQ(network_of(link_info("vlan", attribute(IFLA_VLAN_ID, raw(std::uint16_t{100})))).id,
            100U);
  EXPECT_EQ(network_of(link_info("vxlan", attribute(IFLA_VXLAN_ID, raw(std::uint32_t{4096})))).id,
            4096U);
  EXPECT_EQ(network_of(link_info("geneve", attribute(IFLA_GENEVE_ID, raw(std::uint32_t{9})))).id,
            9U);
  EXPECT_FALSE(network_of(link_info("bridge", attribute(1, raw(std::uint32_t{9})))).id);
}

TEST(LinkNetwork, KnowsThatTheLowerLinkIsInAnotherNamespace) {
  EXPECT_TRUE(network_of(attribute(IFLA_LINK_NETNSID, raw(0))).lower_elsewhere);
  EXPECT_FALSE(network_of(attribute(IFLA_LINK, raw(3))).lower_elsewhere);
}

TEST(LinkNetwork, IsNothingWhereLengthsDoNotFit) {
  EXPECT_FALSE(network_of(link_info("vxlan", attribute(IFLA_VXLAN_ID, Bytes(2)))).id);
  EXPECT_FALSE(network_of(link_info("vlan", Bytes(3, std::byte{0xFF}))).id);
  EXPECT_EQ(network_of(Bytes(5, std::byte{0xFF})), LinkNetwork{});
  EXPECT_EQ(
      network_of(link_info("vlan", attribute(IFLA_VLAN_ID, raw(std::uint16_t{100}))), RTM_NEWROUTE),
      LinkNetwork{});
}

}  // namespace
}  // namespace hostnet
