#include "netlink/rtnetlink/link_network.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

template <class Number, std::size_t Type>
std::optional<std::uint32_t> number_in(std::span<const std::byte> data) {
  const auto attributes = AttributeTable<Type>::of(data);
  // The kernel never sends a shorter one.
  if (!attributes || (*attributes)[Type].size() < sizeof(Number)) return std::nullopt;
  return copy_of<Number>((*attributes)[Type]);
}

std::optional<std::uint32_t> network_id(std::span<const std::byte> link_info) {
  const auto info = AttributeTable<IFLA_INFO_DATA>::of(link_info);
  if (!info) return std::nullopt;
  const std::string kind = info->text(IFLA_INFO_KIND);
  const auto data = (*info)[IFLA_INFO_DATA];
  if (kind == "vlan") return number_in<std::uint16_t, IFLA_VLAN_ID>(data);
  if (kind == "vxlan") return number_in<std::uint32_t, IFLA_VXLAN_ID>(data);
  if (kind == "geneve") return number_in<std::uint32_t, IFLA_GENEVE_ID>(data);
  return std::nullopt;
}

}  // namespace

LinkNetwork decode_link_network(const NetlinkMessage& message) {
  if (message.type != RTM_NEWLINK) return {};
  const auto attributes =
      AttributeTable<IFLA_LINK_NETNSID>::of(after(message.payload, sizeof(ifinfomsg)));
  if (!attributes) return {};
  return {.id = network_id((*attributes)[IFLA_LINKINFO]),
          .lower_elsewhere = attributes->has(IFLA_LINK_NETNSID)};
}

}  // namespace hostnet
