#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "netlink/genetlink/wireguard.h"
#include "netlink/node/node.h"
#include "netlink/node/recording/recorder.h"
#include "netlink/node/recording/replay.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/netlink/fixture.h"
#include "tests/support/node_builder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;

constexpr std::uint16_t kWireGuardFamily = 33;  // in the recorded answers

NodeBuilder wireguard_node(const testing::Bytes& device) {
  NodeBuilder builder;
  builder.link({.index = 6, .name = "wg0", .kind = "wireguard", .flags = IFF_UP});
  builder.netlink().answers[{NETLINK_GENERIC, GENL_ID_CTRL}] = {
      testing::fixture("family-wireguard")};
  builder.netlink().answers[{NETLINK_GENERIC, kWireGuardFamily}] = {device};
  return builder;
}

// Everything in the directory, one file after the other.
std::string all_bytes(const std::string& directory) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  return all;
}

TEST(RecordedSecrets, NoKeyOfAWireGuardDevice) {
  const testing::Bytes device = testing::fixture("wireguard");
  const std::string secret(reinterpret_cast<const char*>(device.data()), device.size());
  ASSERT_THAT(secret, HasSubstr("PRIVATE-KEY-"));
  ASSERT_THAT(secret, HasSubstr("PRESHAREDKEY"));
  const NodeBuilder builder = wireguard_node(device);
  const TemporaryDirectory directory;
  const auto ports = [](const Node& node) {
    auto links = read_links(*node.netlink).value();
    EXPECT_TRUE(read_wireguard_ports(*node.netlink, links));
    return links.back().tunnel_port;
  };
  const auto recorder = record_node(builder.build(), directory.path().string() + "/r").value();
  EXPECT_EQ(ports(recorder->node()), 51999);
  ASSERT_TRUE(recorder->finish());
  const std::string kept = all_bytes(directory.path().string() + "/r");
  for (const char* key : {"PRIVATE-KEY-", "PRESHAREDKEY", "public-key--", "peer-public-"}) {
    EXPECT_EQ(kept.find(key), std::string::npos) << key;
  }
  EXPECT_EQ(ports(replayed_node(directory.path().string() + "/r").value()), 51999);
}

TEST(RecordedSecrets, OfSecretsThatDoNotParseOnlyTheHeaderIsKept) {
  testing::Bytes device = testing::fixture("wireguard");
  device[20] = device[21] = std::byte{0xFF};  // an attribute that is longer than the message
  const NodeBuilder builder = wireguard_node(device);
  const TemporaryDirectory directory;
  const auto recorder = record_node(builder.build(), directory.path().string() + "/r").value();
  auto links = read_links(*recorder->node().netlink).value();
  EXPECT_FALSE(read_wireguard_ports(*recorder->node().netlink, links));
  ASSERT_TRUE(recorder->finish());
  EXPECT_EQ(all_bytes(directory.path().string() + "/r").find("PRIVATE-KEY-"), std::string::npos);
}

}  // namespace
}  // namespace hostnet
