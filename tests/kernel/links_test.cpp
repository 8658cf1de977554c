#include <net/if_arp.h>

#include <algorithm>

#include "netlink/read_facts.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/network_namespace.h"

namespace hostnet {
namespace {

using namespace testing;

class KernelLinks : public InOwnNamespace {
 protected:
  Link link(const std::string& name) {
    const auto links = read_links(netlink());
    EXPECT_TRUE(links) << links.error().message;
    const auto at = std::ranges::find(*links, name, &Link::name);
    if (at == links->end()) throw std::runtime_error("no link " + name);
    return *at;
  }
};

TEST_F(KernelLinks, TheLoopback) {
  const Link lo = link("lo");
  EXPECT_EQ(lo.index, if_nametoindex("lo"));
  EXPECT_EQ(lo.kind, "");
  EXPECT_EQ(lo.type, ARPHRD_LOOPBACK);
  EXPECT_EQ(lo.mtu, 65536U);
  EXPECT_EQ(lo.flags & (IFF_UP | IFF_LOOPBACK), unsigned{IFF_UP | IFF_LOOPBACK});
  EXPECT_EQ(lo.carrier, true);
  EXPECT_EQ(lo.master, std::nullopt);
  EXPECT_EQ(lo.address, std::vector<std::uint8_t>(6, 0));
}

TEST_F(KernelLinks, CountersMove) {
  const LinkStats before = link("lo").stats;
  const TestFd sender = bound("127.0.0.1", 0, {.type = SOCK_DGRAM});
  const Endpoint to = endpoint("127.0.0.1", local_port(sender));
  const std::string payload(100, 'x');
  ASSERT_EQ(sendto(sender.get(), payload.data(), payload.size(), 0, to.get(), to.length), 100);
  const LinkStats after = link("lo").stats;
  EXPECT_EQ(after.tx_packets, before.tx_packets + 1);
  EXPECT_EQ(after.rx_packets, before.rx_packets + 1);
  EXPECT_GE(after.tx_bytes, before.tx_bytes + 128);
}

TEST_F(KernelLinks, APairKnowsItsKindAliasNamesAndGroup) {
  ASSERT_TRUE(
      ip("link add one mtu 1400 address 02:00:00:00:00:01 txqueuelen 77 type veth "
         "peer name two"));
  ASSERT_TRUE(ip("link set one alias 'to the lab' group 5"));
  ASSERT_TRUE(ip("link property add dev one altname a-name-longer-than-fifteen altname second"));
  const Link one = link("one");
  EXPECT_EQ(one.kind, "veth");
  EXPECT_EQ(one.alias, "to the lab");
  EXPECT_EQ(one.group, 5U);
  EXPECT_EQ(one.mtu, 1400U);
  EXPECT_EQ(one.transmit_queue_length, 77U);
  EXPECT_EQ(one.address, (std::vector<std::uint8_t>{2, 0, 0, 0, 0, 1}));
  EXPECT_EQ(one.broadcast, std::vector<std::uint8_t>(6, 0xff));
  EXPECT_EQ(one.alternative_names,
            (std::vector<std::string>{"a-name-longer-than-fifteen", "second"}));
  EXPECT_EQ(one.lower_link, if_nametoindex("two"));
}

TEST_F(KernelLinks, CarrierComesAndGoesAndIsCounted) {
  ASSERT_TRUE(ip("link add one type veth peer name two"));
  ASSERT_TRUE(ip("link set one up") && ip("link set two up"));
  EXPECT_EQ(link("one").carrier, true);
  // The kernel sets it from a queue that it works off within a second.
  for (int wait = 0; wait < 12'000 && link("one").operstate != 6; ++wait) usleep(10'000);
  EXPECT_EQ(link("one").operstate, 6);
  const std::uint32_t downs = link("one").carrier_down_count.value();
  ASSERT_TRUE(ip("link set two down"));
  EXPECT_EQ(link("one").carrier, false);
  EXPECT_EQ(link("one").carrier_down_count, downs + 1);
  EXPECT_EQ(link("one").carrier_changes,
            link("one").carrier_down_count.value() + link("one").carrier_up_count.value());
}

TEST_F(KernelLinks, ABridgePortHasItsBridgeAsMasterAndAppearsOnce) {
  ASSERT_TRUE(ip("link add br0 type bridge"));
  ASSERT_TRUE(ip("link add one type veth peer name two"));
  ASSERT_TRUE(ip("link set one master br0"));
  EXPECT_EQ(link("br0").kind, "bridge");
  EXPECT_EQ(link("one").master, if_nametoindex("br0"));
  const auto links = read_links(netlink()).value();
  EXPECT_EQ(std::ranges::count(links, "one", &Link::name), 1);
}

TEST_F(KernelLinks, AVxlanDeviceHoldsAUdpPort) {
  ASSERT_TRUE(ip("link add under type veth peer name peer"));
  ASSERT_TRUE(ip("link add vx0 type vxlan id 7 dstport 8472 dev under"));
  const Link vxlan = link("vx0");
  EXPECT_EQ(vxlan.kind, "vxlan");
  EXPECT_EQ(vxlan.tunnel_port, 8472);
  EXPECT_EQ(vxlan.tunnel_link, if_nametoindex("under"));
}

// Kinds that not every kernel has: those that can be made decode.
TEST_F(KernelLinks, EveryKindThatTheMachineHasIsTold) {
  ASSERT_TRUE(ip("link add under type veth peer name peer"));
  const std::pair<const char*, const char*> kinds[] = {
      {"geneve", "link add x0 type geneve id 7 remote 10.0.0.1 dstport 6081"},
      {"vlan", "link add x0 link under type vlan id 7"},
      {"macvlan", "link add x0 link under type macvlan mode bridge"},
      {"ipvlan", "link add x0 link under type ipvlan"},
      {"bond", "link add x0 type bond"},
      {"dummy", "link add x0 type dummy"},
      {"vrf", "link add x0 type vrf table 10"},
      {"tun", "tuntap add dev x0 mode tun"},
      {"ifb", "link add x0 type ifb"},
      {"wireguard", "link add x0 type wireguard"},
      {"gre", "link add x0 type gre local 10.0.0.1 remote 10.0.0.2"},
      {"sit", "link add x0 type sit local 10.0.0.1 remote 10.0.0.2"}};
  int made = 0;
  for (const auto& [kind, command] : kinds) {
    if (!ip(command)) continue;
    ++made;
    const Link x0 = link("x0");
    EXPECT_EQ(x0.kind, kind);
    if (x0.kind == "geneve") {
      EXPECT_EQ(x0.tunnel_port, 6081);
    }
    if (x0.kind == "vlan") {
      EXPECT_EQ(x0.lower_link, if_nametoindex("under"));
    }
    EXPECT_TRUE(ip("link del x0"));
  }
  RecordProperty("kinds", made);
}

TEST_F(KernelLinks, AddressesOfBothFamilies) {
  ASSERT_TRUE(ip("addr add 10.1.2.3/24 dev lo label lo:lab"));
  ASSERT_TRUE(ip("addr add 10.9.0.1 peer 10.9.0.2/32 dev lo"));
  ASSERT_TRUE(ip("addr add 2001:db8::5/64 dev lo nodad"));
  const auto addresses = read_addresses(netlink()).value();
  const auto address = [&](const char* text) {
    const auto at = std::ranges::find(addresses, parse_ip(text).value(), &Address::ip);
    return at == addresses.end() ? Address{} : *at;
  };
  EXPECT_EQ(address("127.0.0.1").prefix_length, 8);
  EXPECT_EQ(address("127.0.0.1").interface, if_nametoindex("lo"));
  EXPECT_EQ(address("::1").prefix_length, 128);
  EXPECT_EQ(address("10.1.2.3").prefix_length, 24);
  EXPECT_EQ(address("10.1.2.3").label, "lo:lab");
  EXPECT_EQ(address("10.9.0.1").prefix_length, 32);
  EXPECT_EQ(address("2001:db8::5").prefix_length, 64);
  EXPECT_EQ(addresses.size(), 5U);
}

TEST_F(KernelLinks, NeighboursHaveLinkAddresses) {
  ASSERT_TRUE(ip("link add one type veth peer name two"));
  ASSERT_TRUE(ip("link set one up") && ip("addr add 10.0.0.1/24 dev one"));
  ASSERT_TRUE(ip("neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent dev one"));
  ASSERT_TRUE(ip("neigh add fe80::9 lladdr 02:00:00:00:00:0a nud permanent dev one"));
  const auto ipv4 =
      read_facts<Neighbour>(netlink(), neighbours_request(AddressFamily::ipv4), decode_neighbour)
          .value();
  ASSERT_EQ(ipv4.size(), 1U);
  EXPECT_EQ(ipv4[0].ip, parse_ip("10.0.0.9").value());
  EXPECT_EQ(ipv4[0].interface, if_nametoindex("one"));
  EXPECT_EQ(ipv4[0].state, 0x80);
  EXPECT_EQ(ipv4[0].link_address, (std::vector<std::uint8_t>{2, 0, 0, 0, 0, 9}));
  const auto ipv6 =
      read_facts<Neighbour>(netlink(), neighbours_request(AddressFamily::ipv6), decode_neighbour)
          .value();
  EXPECT_EQ(std::ranges::count(ipv6, parse_ip("fe80::9").value(), &Neighbour::ip), 1);
}

TEST_F(KernelLinks, QueueingDisciplinesCount) {
  ASSERT_TRUE(ip("link add one type veth peer name two"));
  ASSERT_EQ(std::system("tc qdisc add dev one root handle 1: pfifo limit 10"), 0);
  ASSERT_TRUE(ip("link set one up") && ip("link set two up"));
  const auto qdiscs = read_qdiscs(netlink()).value();
  const auto at = std::ranges::find(qdiscs, "pfifo", &Qdisc::kind);
  ASSERT_NE(at, qdiscs.end());
  EXPECT_EQ(at->interface, if_nametoindex("one"));
  EXPECT_EQ(at->handle, 0x10000U);
  EXPECT_EQ(at->parent, 0xffffffffU);
}

}  // namespace
}  // namespace hostnet
