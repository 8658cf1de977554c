#include "netlink/nat/ipset/ip_set.h"

#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "netlink/attributes.h"
#include "netlink/nat/packets/netfilter.h"
#include "netlink/nfnetlink_attributes.h"

namespace hostnet {
namespace {

using IpSetAttributes = AttributeTable<IPSET_ATTR_CMD_MAX>;
using IpSetData = AttributeTable<IPSET_ATTR_ADT_MAX>;

bool is_answer_to(const NetlinkMessage& message, unsigned command) {
  return message.type == (NFNL_SUBSYS_IPSET << 8U | command);
}

std::uint16_t port_in(const IpSetData& data, std::size_t type) {
  return ntohs(data.get_or<std::uint16_t>(type, 0));
}

// The address of either family in the attribute; unset if absent.
Result<std::optional<IpAddress>> address_in(const IpSetData& data, std::size_t type) {
  if (!data.has(type)) return std::nullopt;
  const auto inner = AttributeTable<IPSET_ATTR_IPADDR_MAX>::of(data[type]);
  if (!inner) return std::unexpected(inner.error());
  const bool ipv4 = inner->has(IPSET_ATTR_IPADDR_IPV4);
  const auto ip = ip_of(ipv4 ? AddressFamily::ipv4 : AddressFamily::ipv6,
                        (*inner)[ipv4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6]);
  if (!ip) return failure(Reason::malformed, "an ipset element whose address is cut");
  return ip;
}

// The addresses of an element in one place: a single one, a range, or a prefix.
Result<std::optional<AddressSpan>> span_in(const IpSetData& data, std::size_t first,
                                           std::size_t last, std::size_t prefix,
                                           std::optional<std::uint8_t> netmask) {
  const auto ip = address_in(data, first);
  if (!ip) return std::unexpected(ip.error());
  if (!*ip) return std::nullopt;
  const auto end = address_in(data, last);
  if (!end) return std::unexpected(end.error());
  if (*end) return AddressSpan{.first = **ip, .last = **end};
  auto length = data.get<std::uint8_t>(prefix);
  if (!length) length = netmask;
  if (!length) return AddressSpan{.first = **ip, .last = **ip};
  const auto span = span_of_prefix(**ip, *length);
  if (!span) return failure(Reason::malformed, "an ipset element whose prefix is too long");
  return span;
}

Result<IpSetElement> element_in(const IpSetData& data, std::optional<std::uint8_t> netmask) {
  IpSetElement out;
  auto one = span_in(data, IPSET_ATTR_IP, IPSET_ATTR_IP_TO, IPSET_ATTR_CIDR, netmask);
  if (!one) return std::unexpected(std::move(one).error());
  auto two = span_in(data, IPSET_ATTR_IP2, IPSET_ATTR_IP2_TO, IPSET_ATTR_CIDR2, {});
  if (!two) return std::unexpected(std::move(two).error());
  out.addresses = {*std::move(one), *std::move(two)};
  if (data.has(IPSET_ATTR_PORT)) {
    const std::uint16_t port = port_in(data, IPSET_ATTR_PORT);
    const bool range = data.has(IPSET_ATTR_PORT_TO);
    out.ports = PortSpan{.first = port, .last = range ? port_in(data, IPSET_ATTR_PORT_TO) : port};
  }
  out.ip_protocol = data.get<std::uint8_t>(IPSET_ATTR_PROTO);
  out.exception = (nft_number(data, IPSET_ATTR_CADT_FLAGS) & IPSET_FLAG_NOMATCH) != 0;
  return out;
}

}  // namespace

std::vector<std::string_view> ip_set_parts(std::string_view type) {
  std::vector<std::string_view> parts;
  type.remove_prefix(std::min(type.find(':') + 1, type.size()));
  while (!type.empty()) {
    const auto comma = std::min(type.find(','), type.size());
    parts.push_back(type.substr(0, comma));
    type.remove_prefix(std::min(comma + 1, type.size()));
  }
  return parts;
}

Result<> decode_ip_set(const NetlinkMessage& message, IpSet& set) {
  if (!is_answer_to(message, IPSET_CMD_LIST)) return {};
  const auto bytes = after_nfgenmsg(message.payload);
  if (!bytes) return std::unexpected(bytes.error());
  const auto attributes = IpSetAttributes::of(*bytes);
  if (!attributes) return std::unexpected(attributes.error());
  if (attributes->has(IPSET_ATTR_SETNAME)) set.name = attributes->text(IPSET_ATTR_SETNAME);
  if (attributes->has(IPSET_ATTR_TYPENAME)) set.type = attributes->text(IPSET_ATTR_TYPENAME);
  const auto header = IpSetData::of((*attributes)[IPSET_ATTR_DATA]);
  if (!header) return std::unexpected(header.error());
  if (header->has(IPSET_ATTR_NETMASK)) set.netmask = header->get<std::uint8_t>(IPSET_ATTR_NETMASK);
  const auto on_element = [&](const NetlinkAttribute& attribute) -> Result<> {
    if (attribute.type != IPSET_ATTR_DATA || set.too_large) return {};
    const auto data = IpSetData::of(attribute.value);
    if (!data) return std::unexpected(data.error());
    auto element = element_in(*data, set.netmask);
    if (!element) return std::unexpected(std::move(element).error());
    if (set.elements.size() < kMostIpSetElements) {
      set.elements.push_back(*std::move(element));
      return {};
    }
    set.too_large = true;
    set.elements = std::vector<IpSetElement>();  // {} would keep its memory
    return {};
  };
  return walk_attributes((*attributes)[IPSET_ATTR_ADT], on_element);
}

Result<std::optional<std::string>> decode_ip_set_name(const NetlinkMessage& message) {
  if (!is_answer_to(message, IPSET_CMD_GET_BYINDEX)) return std::nullopt;
  const auto bytes = after_nfgenmsg(message.payload);
  if (!bytes) return std::unexpected(bytes.error());
  const auto attributes = IpSetAttributes::of(*bytes);
  if (!attributes) return std::unexpected(attributes.error());
  if (!attributes->has(IPSET_ATTR_SETNAME)) return std::nullopt;
  return attributes->text(IPSET_ATTR_SETNAME);
}

}  // namespace hostnet
