// Decodes addresses and neighbours with libnl.

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/route/addr.h>
#include <netlink/route/neighbour.h>

#include "netlink/rtnetlink/libnl_object.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

std::span<const std::byte> binary_address(nl_addr* address) {
  if (address == nullptr) return {};
  const void* begin = nl_addr_get_binary_addr(address);
  return {static_cast<const std::byte*>(begin), nl_addr_get_len(address)};
}

std::unexpected<Error> refused(std::string_view what, std::uint32_t interface) {
  return failure(Reason::malformed, "reading " + std::string(what) + " of interface " +
                                        std::to_string(interface) + ": it has no usable address");
}

}  // namespace

Result<std::optional<Address>> decode_address(const NetlinkMessage& message) {
  if (message.type != RTM_NEWADDR && message.type != RTM_DELADDR) return std::nullopt;
  const auto fixed = copy_of<ifaddrmsg>(message.payload);
  if (message.payload.size() < sizeof fixed) {
    return failure(Reason::malformed,
                   "reading an address: " + std::to_string(message.payload.size()) + " bytes");
  }
  const auto family = ip_family(fixed.ifa_family);
  if (!family) return std::nullopt;
  const auto attributes = AttributeTable<IFA_FLAGS>::of(after(message.payload, sizeof fixed));
  if (!attributes) return std::unexpected(attributes.error());

  LibnlMessage copy(RTM_NEWADDR, std::as_bytes(std::span(&fixed, 1)));
  for (const std::uint16_t type : {IFA_ADDRESS, IFA_LOCAL}) {
    const auto value = (*attributes)[type];
    // libnl accepts an address of any length; ours must have the family's length.
    if (ip_of(*family, value))
      copy.attribute(type, value.first(*family == AddressFamily::ipv4 ? 4 : 16));
  }
  for (const std::uint16_t type : {IFA_LABEL, IFA_FLAGS}) {
    if (attributes->has(type)) copy.attribute(type, (*attributes)[type]);
  }
  const LibnlObject object = copy.parse();
  if (!object) return refused("an address", fixed.ifa_index);
  void* start = object.get();
  auto* from = static_cast<rtnl_addr*>(start);
  const auto ip = ip_of(*family, binary_address(rtnl_addr_get_local(from)));
  if (!ip) return refused("an address", fixed.ifa_index);

  Address address;
  address.interface = fixed.ifa_index;
  address.ip = *ip;
  address.prefix_length = fixed.ifa_prefixlen;
  address.scope = static_cast<std::uint8_t>(rtnl_addr_get_scope(from));
  address.flags = rtnl_addr_get_flags(from);
  if (const char* label = rtnl_addr_get_label(from)) address.label = label;
  return address;
}

Result<std::optional<Neighbour>> decode_neighbour(const NetlinkMessage& message) {
  if (message.type != RTM_NEWNEIGH && message.type != RTM_DELNEIGH) return std::nullopt;
  const auto fixed = copy_of<ndmsg>(message.payload);
  if (message.payload.size() < sizeof fixed) {
    return failure(Reason::malformed,
                   "reading a neighbour: " + std::to_string(message.payload.size()) + " bytes");
  }
  const auto family = ip_family(fixed.ndm_family);
  if (!family) return std::nullopt;
  const auto attributes = AttributeTable<NDA_LLADDR>::of(after(message.payload, sizeof fixed));
  if (!attributes) return std::unexpected(attributes.error());
  const auto interface = static_cast<std::uint32_t>(fixed.ndm_ifindex);
  const auto destination = ip_of(*family, (*attributes)[NDA_DST]);
  if (!destination) return refused("a neighbour", interface);

  LibnlMessage copy(RTM_NEWNEIGH, std::as_bytes(std::span(&fixed, 1)));
  copy.attribute(NDA_DST, (*attributes)[NDA_DST]);
  if (attributes->has(NDA_LLADDR)) copy.attribute(NDA_LLADDR, (*attributes)[NDA_LLADDR]);
  const LibnlObject object = copy.parse();
  if (!object) return refused("a neighbour", interface);
  void* start = object.get();
  auto* from = static_cast<rtnl_neigh*>(start);

  Neighbour neighbour;
  neighbour.interface = interface;
  neighbour.ip = *destination;
  neighbour.state = static_cast<std::uint16_t>(rtnl_neigh_get_state(from));
  for (const std::byte byte : binary_address(rtnl_neigh_get_lladdr(from))) {
    neighbour.link_address.push_back(std::to_integer<std::uint8_t>(byte));
  }
  return neighbour;
}

}  // namespace hostnet
