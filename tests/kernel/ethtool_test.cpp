#include <algorithm>

#include "netlink/live_ethtool.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using KernelEthtool = testing::InOwnNamespace;

TEST_F(KernelEthtool, APairTellsItsDriverModesAndStatistics) {
  ASSERT_TRUE(ip("link add one type veth peer name two"));
  const auto ethtool = live_ethtool();
  EXPECT_EQ(read_ethtool_driver(*ethtool, "one").value().driver, "veth");
  const auto link = read_ethtool_link(*ethtool, "one").value();
  EXPECT_FALSE(link.autonegotiate);
  EXPECT_GE(link.supported.words.size(), 3U);
  EXPECT_EQ(link.supported.words.size(), link.advertised.words.size());
  const auto statistics = read_ethtool_statistics(*ethtool, "one").value();
  const auto peer = std::ranges::find(statistics, "peer_ifindex", &EthtoolStatistic::name);
  ASSERT_NE(peer, statistics.end());
  EXPECT_EQ(peer->value, if_nametoindex("two"));
}

TEST_F(KernelEthtool, WithoutADriverOrADeviceItSaysWhich) {
  const auto ethtool = live_ethtool();
  EXPECT_EQ(read_ethtool_link(*ethtool, "lo").error().reason, Reason::unsupported);
  EXPECT_EQ(read_ethtool_statistics(*ethtool, "absent").error().message,
            "asking the driver of absent: No such device");
  EXPECT_EQ(read_ethtool_driver(*ethtool, "sixteen-letters-").error().reason, Reason::malformed);
}

// The kernel copies as many strings as the driver has, asked for or not.
TEST_F(KernelEthtool, AnAnswerThatIsLongerThanItsRoomOverwritesNothing) {
  ASSERT_TRUE(ip("link add one numrxqueues 200 numtxqueues 200 type veth peer name two"));
  const auto ethtool = live_ethtool();
  const std::uint32_t request[3] = {0x1b, 1, 0};  // ETHTOOL_GSTRINGS, ETH_SS_STATS
  const auto answer = ethtool->ask("one", std::as_bytes(std::span(request)), 0);
  if (!answer) {
    EXPECT_EQ(answer.error().system_error, EFAULT);
  } else {
    EXPECT_EQ(answer->size(), sizeof request);  // a kernel that minds the length
  }
}

}  // namespace
}  // namespace hostnet
