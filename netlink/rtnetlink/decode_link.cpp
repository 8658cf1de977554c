// Links. libnl decodes what it can; the rest is by hand: what libnl 3.7 lacks
// (alternative names, carrier and promiscuity counts, rx_nohandler, tunnel ports
// without their whole option set) and what it does not validate (statistics shorter
// than its struct, the list of virtual functions).

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/addr.h>
#include <netlink/route/link.h>

#include "netlink/rtnetlink/libnl_object.h"
#include "netlink/rtnetlink/links.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

constexpr std::uint16_t kDecodedByLibnl[] = {
    IFLA_IFNAME,  IFLA_MTU,       IFLA_TXQLEN,  IFLA_GROUP,  IFLA_OPERSTATE, IFLA_LINKMODE,
    IFLA_ADDRESS, IFLA_BROADCAST, IFLA_IFALIAS, IFLA_MASTER, IFLA_LINK,      IFLA_CARRIER};

using LinkAttributes = AttributeTable<IFLA_ALLMULTI>;

LinkStats stats_of(const rtnl_link_stats64& from) {
  LinkStats to;
  to.rx_packets = from.rx_packets;
  to.tx_packets = from.tx_packets;
  to.rx_bytes = from.rx_bytes;
  to.tx_bytes = from.tx_bytes;
  to.rx_errors = from.rx_errors;
  to.tx_errors = from.tx_errors;
  to.rx_dropped = from.rx_dropped;
  to.tx_dropped = from.tx_dropped;
  to.multicast = from.multicast;
  to.collisions = from.collisions;
  to.rx_length_errors = from.rx_length_errors;
  to.rx_over_errors = from.rx_over_errors;
  to.rx_crc_errors = from.rx_crc_errors;
  to.rx_frame_errors = from.rx_frame_errors;
  to.rx_fifo_errors = from.rx_fifo_errors;
  to.rx_missed_errors = from.rx_missed_errors;
  to.tx_aborted_errors = from.tx_aborted_errors;
  to.tx_carrier_errors = from.tx_carrier_errors;
  to.tx_fifo_errors = from.tx_fifo_errors;
  to.tx_heartbeat_errors = from.tx_heartbeat_errors;
  to.tx_window_errors = from.tx_window_errors;
  to.rx_compressed = from.rx_compressed;
  to.tx_compressed = from.tx_compressed;
  to.rx_nohandler = from.rx_nohandler;
  return to;
}

// IFLA_STATS has the same fields in the same order with 32 bits each.
rtnl_link_stats64 widened(std::span<const std::byte> narrow_bytes) {
  constexpr std::size_t kFields = sizeof(rtnl_link_stats) / sizeof(std::uint32_t);
  const auto narrow = copy_of<std::array<std::uint32_t, kFields>>(narrow_bytes);
  std::array<std::uint64_t, sizeof(rtnl_link_stats64) / sizeof(std::uint64_t)> wide{};
  std::copy_n(narrow.begin(), std::min(narrow.size(), wide.size()), wide.begin());
  return copy_of<rtnl_link_stats64>(std::as_bytes(std::span(wide)));
}

LinkStats decode_stats(const LinkAttributes& attributes) {
  if (attributes.has(IFLA_STATS64)) {
    return stats_of(copy_of<rtnl_link_stats64>(attributes[IFLA_STATS64]));
  }
  return stats_of(widened(attributes[IFLA_STATS]));
}

Result<> decode_tunnel(const AttributeTable<IFLA_INFO_MAX>& info, Link& link) {
  const bool is_vxlan = link.kind == "vxlan";
  if (!is_vxlan && link.kind != "geneve") return {};
  const std::size_t port_attribute =
      is_vxlan ? std::size_t{IFLA_VXLAN_PORT} : std::size_t{IFLA_GENEVE_PORT};
  const auto data = AttributeTable<IFLA_VXLAN_MAX>::of(info[IFLA_INFO_DATA]);
  if (!data) return std::unexpected(data.error());
  if (const auto port = data->get<std::uint16_t>(port_attribute)) {
    link.tunnel_port = ntohs(*port);
  }
  if (is_vxlan) link.tunnel_link = data->get<std::uint32_t>(IFLA_VXLAN_LINK);
  return {};
}

Result<> decode_alternative_names(const LinkAttributes& attributes, Link& link) {
  return walk_attributes(attributes[IFLA_PROP_LIST], [&](const NetlinkAttribute& name) -> Result<> {
    if (name.type == IFLA_ALT_IFNAME) {
      link.alternative_names.push_back(LinkAttributes::text_of(name.value));
    }
    return {};
  });
}

VirtualFunctionStats virtual_function_stats(const AttributeTable<IFLA_VF_STATS_MAX>& from) {
  const auto counter = [&](std::size_t type) { return from.get_or<std::uint64_t>(type, 0); };
  return {.rx_packets = counter(IFLA_VF_STATS_RX_PACKETS),
          .tx_packets = counter(IFLA_VF_STATS_TX_PACKETS),
          .rx_bytes = counter(IFLA_VF_STATS_RX_BYTES),
          .tx_bytes = counter(IFLA_VF_STATS_TX_BYTES),
          .broadcast = counter(IFLA_VF_STATS_BROADCAST),
          .multicast = counter(IFLA_VF_STATS_MULTICAST),
          .rx_dropped = counter(IFLA_VF_STATS_RX_DROPPED),
          .tx_dropped = counter(IFLA_VF_STATS_TX_DROPPED)};
}

Result<VirtualFunction> decode_virtual_function(std::span<const std::byte> bytes) {
  const auto attributes = AttributeTable<IFLA_VF_MAX>::of(bytes);
  if (!attributes) return std::unexpected(attributes.error());
  VirtualFunction function;
  if (const auto mac = attributes->get<ifla_vf_mac>(IFLA_VF_MAC)) {
    function.index = mac->vf;
    function.mac = hardware_address(std::span(mac->mac).first<6>());
  }
  if (const auto vlan = attributes->get<ifla_vf_vlan>(IFLA_VF_VLAN)) function.vlan = vlan->vlan;
  if (const auto check = attributes->get<ifla_vf_spoofchk>(IFLA_VF_SPOOFCHK)) {
    function.spoof_check = check->setting != 0;
  }
  if (const auto state = attributes->get<ifla_vf_link_state>(IFLA_VF_LINK_STATE)) {
    function.link_state = state->link_state;
  }
  if (const auto trust = attributes->get<ifla_vf_trust>(IFLA_VF_TRUST)) {
    function.trust = trust->setting != 0;
  }
  if (attributes->has(IFLA_VF_STATS)) {
    const auto stats = AttributeTable<IFLA_VF_STATS_MAX>::of((*attributes)[IFLA_VF_STATS]);
    if (!stats) return std::unexpected(stats.error());
    function.stats = virtual_function_stats(*stats);
  }
  return function;
}

Result<> decode_virtual_functions(const LinkAttributes& attributes, Link& link) {
  return walk_attributes(attributes[IFLA_VFINFO_LIST],
                         [&](const NetlinkAttribute& one) -> Result<> {
                           if (one.type != IFLA_VF_INFO) return {};
                           Result<VirtualFunction> function = decode_virtual_function(one.value);
                           if (!function) return std::unexpected(std::move(function).error());
                           link.virtual_functions.push_back(*std::move(function));
                           return {};
                         });
}

std::vector<std::uint8_t> bytes_of(nl_addr* address) {
  if (address == nullptr) return {};
  const auto* begin = static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address));
  return {begin, begin + nl_addr_get_len(address)};
}

std::string text_or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

// The fields that libnl decodes. For most attributes it does not distinguish absent
// from zero; there we check the attribute itself.
Result<> decode_by_libnl(const ifinfomsg& fixed, const LinkAttributes& attributes, Link& link) {
  LibnlMessage message(RTM_NEWLINK, std::as_bytes(std::span(&fixed, 1)));
  for (const std::uint16_t type : kDecodedByLibnl) {
    if (attributes.has(type)) message.attribute(type, attributes[type]);
  }
  const LibnlObject object = message.parse();
  if (!object) {
    return failure(Reason::malformed,
                   "reading link " + std::to_string(fixed.ifi_index) + ": libnl refuses it");
  }
  void* start = object.get();
  auto* from = static_cast<rtnl_link*>(start);
  link.name = text_or_empty(rtnl_link_get_name(from));
  link.alias = text_or_empty(rtnl_link_get_ifalias(from));
  link.flags = rtnl_link_get_flags(from);
  link.type = static_cast<std::uint16_t>(rtnl_link_get_arptype(from));
  link.mtu = rtnl_link_get_mtu(from);
  link.transmit_queue_length = rtnl_link_get_txqlen(from);
  link.group = rtnl_link_get_group(from);
  link.operstate = rtnl_link_get_operstate(from);
  link.link_mode = rtnl_link_get_linkmode(from);
  link.address = bytes_of(rtnl_link_get_addr(from));
  link.broadcast = bytes_of(rtnl_link_get_broadcast(from));
  if (attributes.has(IFLA_MASTER)) {
    link.master = static_cast<std::uint32_t>(rtnl_link_get_master(from));
  }
  if (attributes.has(IFLA_LINK)) {
    link.lower_link = static_cast<std::uint32_t>(rtnl_link_get_link(from));
  }
  if (attributes.has(IFLA_CARRIER)) link.carrier = rtnl_link_get_carrier(from) != 0;
  return {};
}

}  // namespace

Result<std::optional<Link>> decode_link(const NetlinkMessage& message) {
  if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) return std::nullopt;
  const auto fixed = copy_of<ifinfomsg>(message.payload);
  if (message.payload.size() < sizeof fixed || fixed.ifi_index <= 0) {
    return failure(Reason::malformed, "reading a link: no index in " +
                                          std::to_string(message.payload.size()) + " bytes");
  }
  if (fixed.ifi_family != AF_UNSPEC) return std::nullopt;
  const auto attributes = LinkAttributes::of(after(message.payload, sizeof fixed));
  if (!attributes) return std::unexpected(attributes.error());
  const auto info = AttributeTable<IFLA_INFO_MAX>::of((*attributes)[IFLA_LINKINFO]);
  if (!info) return std::unexpected(info.error());

  Link link;
  link.index = static_cast<std::uint32_t>(fixed.ifi_index);
  link.kind = info->text(IFLA_INFO_KIND);
  link.carrier_changes = attributes->get<std::uint32_t>(IFLA_CARRIER_CHANGES);
  link.carrier_up_count = attributes->get<std::uint32_t>(IFLA_CARRIER_UP_COUNT);
  link.carrier_down_count = attributes->get<std::uint32_t>(IFLA_CARRIER_DOWN_COUNT);
  link.promiscuity = attributes->get<std::uint32_t>(IFLA_PROMISCUITY);
  link.all_multicast = attributes->get<std::uint32_t>(IFLA_ALLMULTI);
  link.stats = decode_stats(*attributes);
  Result<> done = decode_by_libnl(fixed, *attributes, link);
  if (done) done = decode_tunnel(*info, link);
  if (done) done = decode_alternative_names(*attributes, link);
  if (done) done = decode_virtual_functions(*attributes, link);
  if (!done) return std::unexpected(std::move(done).error());
  return link;
}

}  // namespace hostnet
