// --collector.netdev.aggregate-kinds between two scrapes, with real links.

#include <algorithm>

#include "collectors/netdev_kind_watch.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KindWatchTest : public InOwnNamespace {
 protected:
  // va with a neighbour that is not there: what is sent counts, on both ends.
  static bool make_pair() {
    return ip(
        "link add va type veth peer name vb && sysctl -qw net.ipv6.conf.va.disable_ipv6=1 "
        "net.ipv6.conf.vb.disable_ipv6=1 && ip link set va up && ip link set vb up && "
        "ip addr add 10.9.0.1/24 dev va && "
        "ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:02 dev va");
  }
  static void send(int packets) {
    const TestFd socket = bound("10.9.0.1", 0, {.type = SOCK_DGRAM});
    const Endpoint to = endpoint("10.9.0.2", 9);
    for (int i = 0; i < packets; ++i) {
      ASSERT_EQ(sendto(socket.get(), "12345678", 8, 0, to.get(), to.length), 8) << strerror(errno);
    }
  }
  // A scrape: the sum over all veth links.
  LinkStats scrape() {
    const auto links = read_links(netlink()).value();
    std::vector<const Link*> covered;
    for (const Link& link : links) {
      if (watch_.covers(link)) covered.push_back(&link);
    }
    return watch_.update(netlink(), covered)->front().stats;
  }

  KindWatch watch_{{"veth"}, [](std::string_view) { return true; }};
};

TEST_F(KindWatchTest, WhatALinkSentAfterTheLastScrapeIsNotLost) {
  ASSERT_TRUE(make_pair());
  send(5);
  const LinkStats before = scrape();
  ASSERT_GE(before.tx_packets, 5U);
  send(7);
  ASSERT_TRUE(ip("link del va"));
  const LinkStats after = scrape();
  EXPECT_EQ(after.tx_packets, before.tx_packets + 7);
  EXPECT_GE(after.rx_packets, before.rx_packets);
  EXPECT_EQ(scrape(), after);
}

TEST_F(KindWatchTest, LinksThatNoScrapeEverSawAreCounted) {
  ASSERT_EQ(scrape().tx_packets, 0U);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(make_pair());
    send(3);
    ASSERT_TRUE(ip("link del va"));
  }
  EXPECT_EQ(scrape().tx_packets, 15U);
}

}  // namespace
}  // namespace hostnet
