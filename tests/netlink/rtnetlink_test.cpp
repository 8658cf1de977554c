#include "netlink/rtnetlink/rtnetlink.h"

#include <gtest/gtest.h>
#include <linux/gen_stats.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "tests/netlink/message_builder.h"

namespace hostnet {
namespace {

using testing::attribute;
using testing::Bytes;
using testing::join;
using testing::raw;
using testing::text;

NetlinkMessage of(std::uint16_t type, const Bytes& payload) {
  return {.type = type, .payload = payload};
}

Bytes ip_bytes(const char* ip) {
  const IpAddress parsed = parse_ip(ip).value();
  Bytes out = raw(parsed.bytes);
  out.resize(parsed.family == AddressFamily::ipv4 ? 4 : 16);
  return out;
}

Bytes link_header(int index = 3) {
  ifinfomsg header{};
  header.ifi_index = index;
  header.ifi_type = 1;
  header.ifi_flags = 0x1003;
  return raw(header);
}

Link link_with(const Bytes& attributes) {
  const Bytes payload = join(link_header(), attribute(IFLA_IFNAME, text("eth0")), attributes);
  return decode_link(of(RTM_NEWLINK, payload)).value().value();
}

TEST(DecodeLink, ReadsWhatTheKernelSends) {
  const Link link = link_with(join(attribute(IFLA_MTU, raw(std::uint32_t{9000})),
                                   attribute(IFLA_ADDRESS, Bytes(6, std::byte{2})),
                                   attribute(IFLA_IFALIAS, text("uplink")),
                                   attribute(IFLA_TXQLEN, raw(std::uint32_t{1000})),
                                   attribute(IFLA_OPERSTATE, Bytes(1, std::byte{6})),
                                   attribute(IFLA_CARRIER, Bytes(1, std::byte{1})),
                                   attribute(IFLA_MASTER, raw(std::uint32_t{9})),
                                   attribute(IFLA_CARRIER_UP_COUNT, raw(std::uint32_t{4})),
                                   attribute(IFLA_CARRIER_DOWN_COUNT, raw(std::uint32_t{5}))));
  EXPECT_EQ(link.index, 3U);
  EXPECT_EQ(link.name, "eth0");
  EXPECT_EQ(link.alias, "uplink");
  EXPECT_EQ(link.mtu, 9000U);
  EXPECT_EQ(link.flags, 0x1003U);
  EXPECT_EQ(link.type, 1U);
  EXPECT_EQ(link.transmit_queue_length, 1000U);
  EXPECT_EQ(link.operstate, 6);
  EXPECT_EQ(link.carrier, true);
  EXPECT_EQ(link.master, 9U);
  EXPECT_EQ(link.lower_link, std::nullopt);
  EXPECT_EQ(link.carrier_up_count, 4U);
  EXPECT_EQ(link.carrier_down_count, 5U);
  EXPECT_EQ(link.carrier_changes, std::nullopt);
  EXPECT_EQ(link.address, std::vector<std::uint8_t>(6, 2));
  EXPECT_EQ(link.kind, "");
}

TEST(DecodeLink, StatisticsMayBeShorterOrLongerThanOurs) {
  std::array<std::uint64_t, 30> counters{};
  for (std::size_t i = 0; i < counters.size(); ++i) counters[i] = i + 1;
  Bytes bytes = raw(counters);
  EXPECT_EQ(link_with(attribute(IFLA_STATS64, bytes)).stats.rx_nohandler, 24U);
  bytes.resize(23 * sizeof(std::uint64_t));
  const LinkStats old = link_with(attribute(IFLA_STATS64, bytes)).stats;
  EXPECT_EQ(old.rx_packets, 1U);
  EXPECT_EQ(old.tx_compressed, 23U);
  EXPECT_EQ(old.rx_nohandler, 0U);
}

TEST(DecodeLink, OldKernelsCountIn32Bits) {
  std::array<std::uint32_t, 24> counters{};
  for (std::size_t i = 0; i < counters.size(); ++i) counters[i] = static_cast<std::uint32_t>(i + 1);
  const LinkStats stats = link_with(attribute(IFLA_STATS, raw(counters))).stats;
  EXPECT_EQ(stats.rx_packets, 1U);
  EXPECT_EQ(stats.tx_bytes, 4U);
  EXPECT_EQ(stats.rx_nohandler, 24U);
}

TEST(DecodeLink, ATunnelTellsItsPort) {
  const auto tunnel = [](const char* kind, unsigned port_attribute) {
    return link_with(attribute(
        IFLA_LINKINFO,
        join(attribute(IFLA_INFO_KIND, text(kind)),
             attribute(IFLA_INFO_DATA, join(attribute(port_attribute, raw(htons(4789))),
                                            attribute(IFLA_VXLAN_LINK, raw(std::uint32_t{2})))))));
  };
  EXPECT_EQ(tunnel("vxlan", IFLA_VXLAN_PORT).tunnel_port, 4789);
  EXPECT_EQ(tunnel("vxlan", IFLA_VXLAN_PORT).tunnel_link, 2U);
  EXPECT_EQ(tunnel("geneve", IFLA_GENEVE_PORT).tunnel_port, 4789);
  EXPECT_EQ(tunnel("veth", IFLA_VXLAN_PORT).tunnel_port, std::nullopt);
}

TEST(DecodeLink, ReadsAlternativeNamesAndVirtualFunctions) {
  ifla_vf_mac mac{};
  mac.vf = 1;
  mac.mac[0] = 2;
  mac.mac[5] = 0xab;
  const Bytes function = join(
      attribute(IFLA_VF_MAC, raw(mac)), attribute(IFLA_VF_VLAN, raw(ifla_vf_vlan{1, 100, 0})),
      attribute(IFLA_VF_SPOOFCHK, raw(ifla_vf_spoofchk{1, 1})),
      attribute(IFLA_VF_LINK_STATE, raw(ifla_vf_link_state{1, 2})),
      attribute(IFLA_VF_TRUST, raw(ifla_vf_trust{1, 0})),
      attribute(IFLA_VF_STATS, join(attribute(IFLA_VF_STATS_RX_BYTES, raw(std::uint64_t{1} << 40U)),
                                    attribute(IFLA_VF_STATS_TX_DROPPED, raw(std::uint64_t{7})),
                                    attribute(99, raw(std::uint64_t{9})))));
  const Link link = link_with(join(
      attribute(IFLA_PROP_LIST, join(attribute(IFLA_ALT_IFNAME, text("enp1s0")),
                                     attribute(IFLA_ALT_IFNAME, text("a-much-longer-name-of-it")))),
      attribute(IFLA_VFINFO_LIST, attribute(IFLA_VF_INFO, function))));
  EXPECT_EQ(link.alternative_names,
            (std::vector<std::string>{"enp1s0", "a-much-longer-name-of-it"}));
  const VirtualFunction expected{
      .index = 1,
      .mac = "02:00:00:00:00:ab",
      .vlan = 100,
      .spoof_check = true,
      .link_state = 2,
      .trust = false,
      .stats = VirtualFunctionStats{.rx_bytes = std::uint64_t{1} << 40U, .tx_dropped = 7}};
  EXPECT_EQ(link.virtual_functions, std::vector<VirtualFunction>{expected});
}

TEST(DecodeLink, SkipsBridgePortsAndRefusesWhatHasNoIndex) {
  ifinfomsg bridge_port{};
  bridge_port.ifi_family = AF_BRIDGE;
  bridge_port.ifi_index = 3;
  const Bytes payload = raw(bridge_port);
  EXPECT_EQ(decode_link(of(RTM_NEWLINK, payload)).value(), std::nullopt);
  EXPECT_EQ(decode_link(of(RTM_NEWADDR, payload)).value(), std::nullopt);
  const Bytes indexless = link_header(0);
  EXPECT_EQ(decode_link(of(RTM_NEWLINK, indexless)).error().reason, Reason::malformed);
}

TEST(DecodeAddress, PrefersTheLocalAddressOverThePeers) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = 32;
  header.ifa_index = 2;
  header.ifa_scope = RT_SCOPE_LINK;
  const Bytes payload =
      join(raw(header), attribute(IFA_ADDRESS, ip_bytes("10.0.0.2")),
           attribute(IFA_LOCAL, ip_bytes("10.0.0.1")), attribute(IFA_LABEL, text("eth0:1")),
           attribute(IFA_FLAGS, raw(std::uint32_t{IFA_F_NOPREFIXROUTE})));
  const Address address = decode_address(of(RTM_NEWADDR, payload)).value().value();
  EXPECT_EQ(address, (Address{.interface = 2,
                              .ip = parse_ip("10.0.0.1").value(),
                              .prefix_length = 32,
                              .scope = RT_SCOPE_LINK,
                              .flags = IFA_F_NOPREFIXROUTE,
                              .label = "eth0:1"}));
}

TEST(DecodeAddress, WithoutAnAddressIsMalformed) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET6;
  const Bytes none = raw(header);
  EXPECT_EQ(decode_address(of(RTM_NEWADDR, none)).error().reason, Reason::malformed);
  const Bytes short_one = join(none, attribute(IFA_ADDRESS, Bytes(4)));
  EXPECT_EQ(decode_address(of(RTM_NEWADDR, short_one)).error().reason, Reason::malformed);
}

Bytes route_header(std::uint8_t type = RTN_UNICAST, std::uint32_t flags = 0) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_type = type;
  header.rtm_flags = flags;
  return raw(header);
}

Bytes next_hop(int interface, std::uint8_t hops, const Bytes& attributes) {
  rtnexthop header{};
  header.rtnh_len = static_cast<std::uint16_t>(sizeof header + attributes.size());
  header.rtnh_hops = hops;
  header.rtnh_ifindex = interface;
  return join(raw(header), attributes);
}

TEST(DecodeRoute, TheDefaultRouteHasNoDestination) {
  const Bytes payload =
      join(route_header(), attribute(RTA_TABLE, raw(std::uint32_t{1000})),
           attribute(RTA_OIF, raw(std::uint32_t{2})), attribute(RTA_GATEWAY, ip_bytes("10.0.0.1")),
           attribute(RTA_PRIORITY, raw(std::uint32_t{100})));
  const Route route = decode_route(of(RTM_NEWROUTE, payload)).value().value();
  EXPECT_EQ(route.table, 1000U);
  EXPECT_EQ(route.destination, parse_ip("0.0.0.0").value());
  EXPECT_EQ(route.priority, 100U);
  EXPECT_EQ(route.next_hops,
            (std::vector<NextHop>{{.interface = 2, .gateway = parse_ip("10.0.0.1").value()}}));
}

TEST(DecodeRoute, ReadsEveryNextHopAndGatewaysOfTheOtherFamily) {
  const Bytes via = join(raw(std::uint16_t{AF_INET6}), ip_bytes("fe80::1"));
  const Bytes payload = join(
      route_header(),
      attribute(RTA_MULTIPATH, join(next_hop(2, 0, attribute(RTA_GATEWAY, ip_bytes("10.0.0.1"))),
                                    next_hop(3, 4, attribute(RTA_VIA, via)))));
  const Route route = decode_route(of(RTM_NEWROUTE, payload)).value().value();
  const std::vector<NextHop> expected = {
      {.interface = 2, .gateway = parse_ip("10.0.0.1").value(), .weight = 1},
      {.interface = 3, .gateway = parse_ip("fe80::1").value(), .weight = 5}};
  EXPECT_EQ(route.next_hops, expected);
}

TEST(DecodeRoute, ANextHopWhoseLengthLiesIsMalformed) {
  for (const unsigned length : {0U, 1U, 7U, 200U, 0xffffU}) {
    Bytes hop = next_hop(2, 0, {});
    const auto lie = static_cast<std::uint16_t>(length);
    std::memcpy(hop.data(), &lie, sizeof lie);
    const Bytes payload = join(route_header(), attribute(RTA_MULTIPATH, hop));
    const auto route = decode_route(of(RTM_NEWROUTE, payload));
    ASSERT_FALSE(route) << length;
    EXPECT_EQ(route.error().reason, Reason::malformed);
  }
}

TEST(DecodeRoute, ABlackholeHasNoNextHopAndACloneIsNoRoute) {
  const Bytes blackhole = route_header(RTN_BLACKHOLE);
  EXPECT_TRUE(decode_route(of(RTM_NEWROUTE, blackhole)).value()->next_hops.empty());
  const Bytes clone = route_header(RTN_UNICAST, RTM_F_CLONED);
  EXPECT_EQ(decode_route(of(RTM_NEWROUTE, clone)).value(), std::nullopt);
}

TEST(DecodeNeighbour, ReadsBothAddresses) {
  ndmsg header{};
  header.ndm_family = AF_INET6;
  header.ndm_ifindex = 4;
  header.ndm_state = NUD_STALE;
  const Bytes payload = join(raw(header), attribute(NDA_DST, ip_bytes("fe80::2")),
                             attribute(NDA_LLADDR, Bytes(6, std::byte{7})));
  EXPECT_EQ(decode_neighbour(of(RTM_NEWNEIGH, payload)).value(),
            (Neighbour{.interface = 4,
                       .ip = parse_ip("fe80::2").value(),
                       .state = NUD_STALE,
                       .link_address = std::vector<std::uint8_t>(6, 7)}));
}

TEST(DecodeQdisc, CountsPacketsIn64BitsWhereTheKernelDoes) {
  tcmsg header{};
  header.tcm_ifindex = 2;
  header.tcm_parent = TC_H_ROOT;
  const Bytes basic = join(raw(std::uint64_t{1000}), raw(std::uint32_t{7}));
  const gnet_stats_queue queue{.qlen = 1, .backlog = 2, .drops = 3, .requeues = 4, .overlimits = 5};
  const Bytes stats =
      join(attribute(TCA_STATS_BASIC, basic), attribute(TCA_STATS_QUEUE, raw(queue)));
  const auto decode = [&](const Bytes& with) {
    const Bytes payload =
        join(raw(header), attribute(TCA_KIND, text("fq_codel")), attribute(TCA_STATS2, with));
    return decode_qdisc(of(RTM_NEWQDISC, payload)).value().value();
  };
  const Qdisc qdisc = decode(stats);
  EXPECT_EQ(qdisc.kind, "fq_codel");
  EXPECT_EQ(qdisc.bytes, 1000U);
  EXPECT_EQ(qdisc.packets, 7U);
  EXPECT_EQ(qdisc.queue_length, 1U);
  EXPECT_EQ(qdisc.drops, 3U);
  EXPECT_EQ(decode(join(stats, attribute(TCA_STATS_PKT64, raw(std::uint64_t{1} << 33)))).packets,
            std::uint64_t{1} << 33);
}

TEST(Decoders, SurviveEveryTruncation) {
  const Bytes link = join(link_header(), attribute(IFLA_IFNAME, text("eth0")),
                          attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, text("vxlan"))));
  for (std::size_t size = 0; size < link.size(); ++size) {
    const Bytes part(link.begin(), link.begin() + static_cast<long>(size));
    static_cast<void>(decode_link(of(RTM_NEWLINK, part)));
    static_cast<void>(decode_address(of(RTM_NEWADDR, part)));
    static_cast<void>(decode_neighbour(of(RTM_NEWNEIGH, part)));
    static_cast<void>(decode_qdisc(of(RTM_NEWQDISC, part)));
    static_cast<void>(decode_route(of(RTM_NEWROUTE, part)));
  }
}

}  // namespace
}  // namespace hostnet
