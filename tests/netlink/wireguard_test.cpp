#include "netlink/genetlink/wireguard.h"

#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>

#include "tests/netlink/fixture.h"
#include "tests/netlink/message_builder.h"
#include "tests/support/fake_netlink.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kFamily = 33;  // in the recorded answer

FakeNetlink with_wireguard() {
  FakeNetlink kernel;
  kernel.answers[{NETLINK_GENERIC, GENL_ID_CTRL}] = {testing::fixture("family-wireguard")};
  kernel.answers[{NETLINK_GENERIC, kFamily}] = {testing::fixture("wireguard")};
  return kernel;
}

Link wireguard_link(unsigned flags = IFF_UP) {
  return {.index = 6, .name = "wg0", .kind = "wireguard", .flags = flags};
}

TEST(WireGuard, TheDevicesPort) {
  FakeNetlink kernel = with_wireguard();
  std::vector<Link> links = {{.index = 1, .name = "lo"}, wireguard_link()};
  ASSERT_TRUE(read_wireguard_ports(kernel, links));
  EXPECT_EQ(links[0].tunnel_port, std::nullopt);
  EXPECT_EQ(links[1].tunnel_port, 51999);
}

TEST(WireGuard, WithoutADeviceThatIsUpNobodyIsAsked) {
  FakeNetlink kernel;  // refuses every question
  std::vector<Link> links = {{.index = 1, .name = "lo"}, wireguard_link(0)};
  links[1].tunnel_port = 51820;
  EXPECT_TRUE(read_wireguard_ports(kernel, links));
  EXPECT_EQ(links[1].tunnel_port, std::nullopt);
}

TEST(WireGuard, RefusalsAreErrorsAndADeviceThatWentIsNone) {
  FakeNetlink kernel = with_wireguard();
  std::vector<Link> links = {wireguard_link()};
  kernel.failures[{NETLINK_GENERIC, kFamily}] = {.reason = Reason::denied, .message = "no"};
  const auto denied = read_wireguard_ports(kernel, links);
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().reason, Reason::denied);
  kernel.failures[{NETLINK_GENERIC, kFamily}] = {.reason = Reason::vanished, .message = "gone"};
  EXPECT_TRUE(read_wireguard_ports(kernel, links));
}

TEST(WireGuard, LengthsThatDoNotFitAreMalformed) {
  FakeNetlink kernel = with_wireguard();
  testing::Bytes broken = testing::fixture("wireguard");
  broken[20] = std::byte{0xFF};  // the first attribute's length
  broken[21] = std::byte{0xFF};
  kernel.answers[{NETLINK_GENERIC, kFamily}] = {broken};
  std::vector<Link> links = {wireguard_link()};
  const auto refused = read_wireguard_ports(kernel, links);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::malformed);
  EXPECT_NE(refused.error().message.find("WireGuard device wg0"), std::string::npos);
}

}  // namespace
}  // namespace hostnet
