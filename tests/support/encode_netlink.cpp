#include "tests/support/encode_netlink.h"

#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <array>
#include <cstring>
#include <span>
#include <string>

namespace hostnet {
namespace {

using Bytes = std::vector<std::byte>;

template <class T>
Bytes raw(const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return {bytes.begin(), bytes.end()};
}
Bytes raw_text(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + 1));
  return {bytes.begin(), bytes.end()};
}
Bytes raw_bytes(const std::vector<std::uint8_t>& value) {
  const auto bytes = std::as_bytes(std::span(value));
  return {bytes.begin(), bytes.end()};
}
Bytes raw_ip(const IpAddress& ip) {
  const auto bytes = std::as_bytes(std::span(ip.bytes));
  return {bytes.begin(), bytes.begin() + (ip.family == AddressFamily::ipv4 ? 4 : 16)};
}

void put_attribute(Bytes& out, unsigned type, const Bytes& value) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + value.size()),
                      .nla_type = static_cast<std::uint16_t>(type)};
  const auto head = raw(header);
  out.insert(out.end(), head.begin(), head.end());
  out.insert(out.end(), value.begin(), value.end());
  out.resize((out.size() + 3) / 4 * 4);
}

Bytes message_of(std::uint16_t type, Bytes payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_MULTI;
  Bytes out = raw(header);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

std::uint8_t system_family_of(AddressFamily family) {
  return static_cast<std::uint8_t>(family == AddressFamily::ipv4 ? AF_INET : AF_INET6);
}

Bytes link_kind_info(const Link& link) {
  Bytes info;
  put_attribute(info, IFLA_INFO_KIND, raw_text(link.kind));
  Bytes data;
  const bool vxlan = link.kind == "vxlan";
  if (link.tunnel_port) {
    put_attribute(data, vxlan ? unsigned{IFLA_VXLAN_PORT} : unsigned{IFLA_GENEVE_PORT},
                  raw(htons(*link.tunnel_port)));
  }
  if (vxlan && link.tunnel_link) put_attribute(data, IFLA_VXLAN_LINK, raw(*link.tunnel_link));
  if (!data.empty()) put_attribute(info, IFLA_INFO_DATA | NLA_F_NESTED, data);
  return info;
}

rtnl_link_stats64 kernel_stats(const LinkStats& s) {
  rtnl_link_stats64 out{};
  out.rx_packets = s.rx_packets;
  out.tx_packets = s.tx_packets;
  out.rx_bytes = s.rx_bytes;
  out.tx_bytes = s.tx_bytes;
  out.rx_errors = s.rx_errors;
  out.tx_errors = s.tx_errors;
  out.rx_dropped = s.rx_dropped;
  out.tx_dropped = s.tx_dropped;
  out.multicast = s.multicast;
  out.collisions = s.collisions;
  out.rx_length_errors = s.rx_length_errors;
  out.rx_over_errors = s.rx_over_errors;
  out.rx_crc_errors = s.rx_crc_errors;
  out.rx_frame_errors = s.rx_frame_errors;
  out.rx_fifo_errors = s.rx_fifo_errors;
  out.rx_missed_errors = s.rx_missed_errors;
  out.tx_aborted_errors = s.tx_aborted_errors;
  out.tx_carrier_errors = s.tx_carrier_errors;
  out.tx_fifo_errors = s.tx_fifo_errors;
  out.tx_heartbeat_errors = s.tx_heartbeat_errors;
  out.tx_window_errors = s.tx_window_errors;
  out.rx_compressed = s.rx_compressed;
  out.tx_compressed = s.tx_compressed;
  out.rx_nohandler = s.rx_nohandler;
  return out;
}

Bytes one_virtual_function(const VirtualFunction& function) {
  Bytes out;
  ifla_vf_mac mac{};
  mac.vf = function.index;
  for (std::size_t i = 0; i < 6 && 3 * i < function.mac.size(); ++i) {
    mac.mac[i] = static_cast<std::uint8_t>(std::stoul(function.mac.substr(3 * i, 2), nullptr, 16));
  }
  put_attribute(out, IFLA_VF_MAC, raw(mac));
  const auto setting = [&](unsigned type, std::optional<std::uint32_t> value) {
    if (value) put_attribute(out, type, raw(std::array{function.index, *value}));
  };
  if (function.vlan) {
    put_attribute(out, IFLA_VF_VLAN, raw(ifla_vf_vlan{function.index, *function.vlan, 0}));
  }
  setting(IFLA_VF_SPOOFCHK, function.spoof_check);
  setting(IFLA_VF_LINK_STATE, function.link_state);
  setting(IFLA_VF_TRUST, function.trust);
  if (const auto& s = function.stats) {
    Bytes stats;
    put_attribute(stats, IFLA_VF_STATS_RX_PACKETS, raw(s->rx_packets));
    put_attribute(stats, IFLA_VF_STATS_TX_PACKETS, raw(s->tx_packets));
    put_attribute(stats, IFLA_VF_STATS_RX_BYTES, raw(s->rx_bytes));
    put_attribute(stats, IFLA_VF_STATS_TX_BYTES, raw(s->tx_bytes));
    put_attribute(stats, IFLA_VF_STATS_BROADCAST, raw(s->broadcast));
    put_attribute(stats, IFLA_VF_STATS_MULTICAST, raw(s->multicast));
    put_attribute(stats, IFLA_VF_STATS_RX_DROPPED, raw(s->rx_dropped));
    put_attribute(stats, IFLA_VF_STATS_TX_DROPPED, raw(s->tx_dropped));
    put_attribute(out, IFLA_VF_STATS | NLA_F_NESTED, stats);
  }
  return out;
}

}  // namespace

Bytes encode_link(const Link& link) {
  ifinfomsg header{};
  header.ifi_type = link.type;
  header.ifi_index = static_cast<int>(link.index);
  header.ifi_flags = link.flags;
  Bytes out = raw(header);
  put_attribute(out, IFLA_IFNAME, raw_text(link.name));
  put_attribute(out, IFLA_TXQLEN, raw(link.transmit_queue_length));
  put_attribute(out, IFLA_OPERSTATE, raw(link.operstate));
  put_attribute(out, IFLA_LINKMODE, raw(link.link_mode));
  put_attribute(out, IFLA_MTU, raw(link.mtu));
  put_attribute(out, IFLA_GROUP, raw(link.group));
  if (!link.alias.empty()) put_attribute(out, IFLA_IFALIAS, raw_text(link.alias));
  if (link.master) put_attribute(out, IFLA_MASTER, raw(*link.master));
  if (link.lower_link) put_attribute(out, IFLA_LINK, raw(*link.lower_link));
  if (link.carrier) put_attribute(out, IFLA_CARRIER, raw(std::uint8_t{*link.carrier}));
  if (link.carrier_changes) put_attribute(out, IFLA_CARRIER_CHANGES, raw(*link.carrier_changes));
  if (link.carrier_up_count) put_attribute(out, IFLA_CARRIER_UP_COUNT, raw(*link.carrier_up_count));
  if (link.carrier_down_count) {
    put_attribute(out, IFLA_CARRIER_DOWN_COUNT, raw(*link.carrier_down_count));
  }
  if (link.promiscuity) put_attribute(out, IFLA_PROMISCUITY, raw(*link.promiscuity));
  if (link.all_multicast) put_attribute(out, IFLA_ALLMULTI, raw(*link.all_multicast));
  if (!link.address.empty()) put_attribute(out, IFLA_ADDRESS, raw_bytes(link.address));
  if (!link.broadcast.empty()) put_attribute(out, IFLA_BROADCAST, raw_bytes(link.broadcast));
  if (!link.kind.empty()) put_attribute(out, IFLA_LINKINFO, link_kind_info(link));
  put_attribute(out, IFLA_STATS64, raw(kernel_stats(link.stats)));
  if (!link.virtual_functions.empty()) {
    Bytes functions;
    for (const auto& function : link.virtual_functions) {
      put_attribute(functions, IFLA_VF_INFO | NLA_F_NESTED, one_virtual_function(function));
    }
    put_attribute(out, IFLA_VFINFO_LIST | NLA_F_NESTED, functions);
  }
  if (!link.alternative_names.empty()) {
    Bytes names;
    for (const auto& name : link.alternative_names) {
      put_attribute(names, IFLA_ALT_IFNAME, raw_text(name));
    }
    put_attribute(out, IFLA_PROP_LIST | NLA_F_NESTED, names);
  }
  return message_of(RTM_NEWLINK, std::move(out));
}

Bytes encode_address(const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = system_family_of(address.ip.family);
  header.ifa_prefixlen = address.prefix_length;
  header.ifa_flags = static_cast<std::uint8_t>(address.flags);
  header.ifa_scope = address.scope;
  header.ifa_index = address.interface;
  Bytes out = raw(header);
  put_attribute(out, IFA_ADDRESS, raw_ip(address.ip));
  if (address.ip.family == AddressFamily::ipv4) {
    put_attribute(out, IFA_LOCAL, raw_ip(address.ip));
    if (!address.label.empty()) put_attribute(out, IFA_LABEL, raw_text(address.label));
  }
  put_attribute(out, IFA_FLAGS, raw(address.flags));
  return message_of(RTM_NEWADDR, std::move(out));
}

Bytes encode_route(const Route& route) {
  rtmsg header{};
  header.rtm_family = system_family_of(route.family);
  header.rtm_dst_len = route.prefix_length;
  header.rtm_table = static_cast<std::uint8_t>(route.table < 256 ? route.table : RT_TABLE_COMPAT);
  header.rtm_protocol = route.protocol;
  header.rtm_scope = route.scope;
  header.rtm_type = route.type;
  Bytes out = raw(header);
  put_attribute(out, RTA_TABLE, raw(route.table));
  if (route.prefix_length > 0) put_attribute(out, RTA_DST, raw_ip(route.destination));
  if (route.preferred_source) put_attribute(out, RTA_PREFSRC, raw_ip(*route.preferred_source));
  if (route.priority) put_attribute(out, RTA_PRIORITY, raw(*route.priority));
  if (route.next_hops.size() == 1) {
    const auto& hop = route.next_hops.front();
    if (hop.gateway) put_attribute(out, RTA_GATEWAY, raw_ip(*hop.gateway));
    if (hop.interface != 0) put_attribute(out, RTA_OIF, raw(hop.interface));
  } else if (!route.next_hops.empty()) {
    Bytes hops;
    for (const auto& hop : route.next_hops) {
      Bytes inner;
      if (hop.gateway) put_attribute(inner, RTA_GATEWAY, raw_ip(*hop.gateway));
      rtnexthop next{};
      next.rtnh_len = static_cast<std::uint16_t>(sizeof next + inner.size());
      next.rtnh_hops = static_cast<std::uint8_t>(hop.weight - 1);
      next.rtnh_ifindex = static_cast<int>(hop.interface);
      const auto head = raw(next);
      hops.insert(hops.end(), head.begin(), head.end());
      hops.insert(hops.end(), inner.begin(), inner.end());
    }
    put_attribute(out, RTA_MULTIPATH, hops);
  }
  return message_of(RTM_NEWROUTE, std::move(out));
}

Bytes encode_qdisc(const Qdisc& qdisc) {
  tcmsg header{};
  header.tcm_ifindex = static_cast<int>(qdisc.interface);
  header.tcm_handle = qdisc.handle;
  header.tcm_parent = qdisc.parent;
  gnet_stats_basic basic{};
  basic.bytes = qdisc.bytes;
  basic.packets = static_cast<std::uint32_t>(qdisc.packets);
  gnet_stats_queue queue{};
  queue.qlen = static_cast<std::uint32_t>(qdisc.queue_length);
  queue.backlog = static_cast<std::uint32_t>(qdisc.backlog);
  queue.drops = static_cast<std::uint32_t>(qdisc.drops);
  queue.requeues = static_cast<std::uint32_t>(qdisc.requeues);
  queue.overlimits = static_cast<std::uint32_t>(qdisc.overlimits);
  Bytes stats;
  put_attribute(stats, TCA_STATS_BASIC, raw(basic));
  put_attribute(stats, TCA_STATS_QUEUE, raw(queue));
  if (qdisc.packets > 0xFFFFFFFFU) put_attribute(stats, TCA_STATS_PKT64, raw(qdisc.packets));
  Bytes out = raw(header);
  put_attribute(out, TCA_KIND, raw_text(qdisc.kind));
  put_attribute(out, TCA_STATS2, stats);
  return message_of(RTM_NEWQDISC, std::move(out));
}

Bytes encode_socket(const Socket& socket) {
  inet_diag_msg header{};
  header.idiag_family = system_family_of(socket.local.family);
  header.idiag_state = static_cast<std::uint8_t>(
      socket.state == SocketState::bound_inactive ? SocketState::close : socket.state);
  header.id.idiag_sport = htons(socket.local_port);
  header.id.idiag_dport = htons(socket.peer_port);
  std::memcpy(header.id.idiag_src, socket.local.bytes.data(), sizeof header.id.idiag_src);
  std::memcpy(header.id.idiag_dst, socket.peer.bytes.data(), sizeof header.id.idiag_dst);
  header.id.idiag_if = socket.interface;
  header.id.idiag_cookie[0] = static_cast<std::uint32_t>(socket.cookie);
  header.id.idiag_cookie[1] = static_cast<std::uint32_t>(socket.cookie >> 32U);
  if (socket.expires_ms) {
    header.idiag_timer = 3;
    header.idiag_expires = *socket.expires_ms;
  }
  header.idiag_rqueue = socket.receive_queue;
  header.idiag_wqueue = socket.send_queue;
  header.idiag_uid = socket.uid;
  header.idiag_inode = static_cast<std::uint32_t>(socket.inode);
  Bytes out = raw(header);
  if (socket.drops) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
    memory[SK_MEMINFO_DROPS] = *socket.drops;
    put_attribute(out, INET_DIAG_SKMEMINFO, raw(memory));
  }
  if (socket.v6only) put_attribute(out, INET_DIAG_SKV6ONLY, raw(std::uint8_t{*socket.v6only}));
  if (socket.cgroup_id) put_attribute(out, INET_DIAG_CGROUP_ID, raw(*socket.cgroup_id));
  return message_of(SOCK_DIAG_BY_FAMILY, std::move(out));
}

}  // namespace hostnet
