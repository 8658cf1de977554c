#include "netlink/rtnetlink/network_change.h"

#include <poll.h>

#include <map>
#include <utility>

#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using enum NetworkObject;

class KernelNetworkChanges : public InOwnNamespace {
 protected:
  using Counts = std::map<std::pair<NetworkObject, bool>, int>;

  std::unique_ptr<Subscription> subscribe(bool neighbours = false) {
    auto subscription = subscribe_to_network_changes(netlink(), neighbours);
    EXPECT_TRUE(subscription) << subscription.error().message;
    return *std::move(subscription);
  }
  // What waits. The kernel sends before ip(8) has its answer.
  static Counts drain(Subscription& subscription) {
    Counts counts;
    const auto batch = subscription.drain([&](const NetlinkMessage& message) {
      if (const auto change = network_change(message)) ++counts[{change->object, change->gone}];
    });
    EXPECT_TRUE(batch && batch->overruns == 0);
    return counts;
  }
};

TEST_F(KernelNetworkChanges, TellEachObjectThatComesAndGoes) {
  const auto changes = subscribe();
  ASSERT_TRUE(ip("link add d0 type bridge"));
  EXPECT_EQ((drain(*changes)), (Counts{{{link, false}, 1}}));
  ASSERT_TRUE(ip("addr add 10.9.0.1/24 dev d0"));
  EXPECT_EQ((drain(*changes)[{address, false}]), 1);
  ASSERT_TRUE(ip("link set d0 up"));
  EXPECT_GE((drain(*changes)[{link, false}]), 1);
  ASSERT_TRUE(ip("route add 10.8.0.0/16 via 10.9.0.2 table 100"));
  EXPECT_EQ((drain(*changes)[{route, false}]), 1);
  ASSERT_TRUE(ip("rule add from 10.9.0.1 table 100 && ip -6 rule add from fd00::1 table 100"));
  EXPECT_EQ((drain(*changes)), (Counts{{{rule, false}, 2}}));
  ASSERT_TRUE(ip("rule del from 10.9.0.1 table 100 && ip route del 10.8.0.0/16 table 100"));
  EXPECT_EQ((drain(*changes)), (Counts{{{rule, true}, 1}, {{route, true}, 1}}));
  ASSERT_TRUE(ip("link del d0"));
  const auto last = drain(*changes);
  EXPECT_EQ(last.at({link, true}), 1);
  EXPECT_GE(last.at({address, true}), 1);
}

TEST_F(KernelNetworkChanges, SeeAFlapThatIsOverBeforeAnybodyReads) {
  ASSERT_TRUE(ip("link add d0 up type bridge"));
  const auto changes = subscribe();
  ASSERT_TRUE(ip("addr add 10.9.0.1/24 dev d0 && ip addr del 10.9.0.1/24 dev d0"));
  ASSERT_TRUE(ip("link del d0 && ip link add d0 up type bridge"));
  const auto counts = drain(*changes);
  EXPECT_EQ((counts.at({address, false})), 1);
  EXPECT_GE((counts.at({address, true})), 1);
  EXPECT_EQ((counts.at({link, true})), 1);
  EXPECT_GE((counts.at({link, false})), 1);
}

TEST_F(KernelNetworkChanges, TellOfNeighboursOnlyWhenAsked) {
  ASSERT_TRUE(ip("link add d0 up type bridge"));
  const auto quiet = subscribe();
  const auto asked = subscribe(true);
  ASSERT_TRUE(ip("neigh add 10.9.0.7 lladdr 02:00:00:00:00:07 dev d0 nud permanent"));
  ASSERT_TRUE(ip("neigh del 10.9.0.7 dev d0"));
  EXPECT_EQ((drain(*quiet).count({neighbour, false})), 0U);
  const auto counts = drain(*asked);
  EXPECT_GE((counts.at({neighbour, false})), 1);
  EXPECT_EQ((counts.at({neighbour, true})), 1);
}

TEST_F(KernelNetworkChanges, KeepALinkThatOnlyLeavesItsBridge) {
  ASSERT_TRUE(ip("link add br0 type bridge && ip link add d0 type veth peer name d1"));
  ASSERT_TRUE(ip("link set d0 master br0"));
  const auto changes = subscribe();
  ASSERT_TRUE(ip("link set d0 nomaster"));
  EXPECT_EQ((drain(*changes).count({link, true})), 0U);
}

}  // namespace
}  // namespace hostnet
