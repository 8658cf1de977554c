// Routes, by hand: libnl 3.7 allocates without end when a next hop of
// RTA_MULTIPATH has length 0, and does not read RTA_VIA in every place.

#include <linux/rtnetlink.h>

#include "netlink/attributes.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

using RouteAttributes = AttributeTable<RTA_VIA>;

// RTA_GATEWAY has the route's family; RTA_VIA contains its own family (struct rtvia:
// an IPv4 route through an IPv6 router, RFC 5549).
std::optional<IpAddress> gateway_of(AddressFamily family, const RouteAttributes& attributes) {
  if (attributes.has(RTA_GATEWAY)) return ip_of(family, attributes[RTA_GATEWAY]);
  if (!attributes.has(RTA_VIA)) return std::nullopt;
  const auto via_family = ip_family(copy_of<std::uint16_t>(attributes[RTA_VIA]));
  if (!via_family) return std::nullopt;
  return ip_of(*via_family, attributes[RTA_VIA].subspan(
                                std::min(sizeof(std::uint16_t), attributes[RTA_VIA].size())));
}

Result<std::vector<NextHop>> decode_multipath(AddressFamily family,
                                              std::span<const std::byte> bytes) {
  std::vector<NextHop> hops;
  while (!bytes.empty()) {
    const auto header = copy_of<rtnexthop>(bytes);
    if (bytes.size() < sizeof header || header.rtnh_len < sizeof header ||
        header.rtnh_len > bytes.size()) {
      return malformed_length("next hop", header.rtnh_len, bytes.size());
    }
    const auto attributes =
        RouteAttributes::of(bytes.subspan(sizeof header, header.rtnh_len - sizeof header));
    if (!attributes) return std::unexpected(attributes.error());
    hops.push_back({.interface = static_cast<std::uint32_t>(header.rtnh_ifindex),
                    .gateway = gateway_of(family, *attributes),
                    .weight = header.rtnh_hops + 1U});
    bytes = after(bytes, header.rtnh_len);
  }
  return hops;
}

}  // namespace

Result<std::optional<Route>> decode_route(const NetlinkMessage& message) {
  if (message.type != RTM_NEWROUTE && message.type != RTM_DELROUTE) return std::nullopt;
  const auto fixed = copy_of<rtmsg>(message.payload);
  if (message.payload.size() < sizeof fixed) {
    return failure(Reason::malformed,
                   "reading a route: " + std::to_string(message.payload.size()) + " bytes");
  }
  const auto family = ip_family(fixed.rtm_family);
  if (!family || (fixed.rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  const auto attributes = RouteAttributes::of(after(message.payload, sizeof fixed));
  if (!attributes) return std::unexpected(attributes.error());

  Route route;
  route.family = *family;
  route.table = attributes->get_or<std::uint32_t>(RTA_TABLE, fixed.rtm_table);
  route.protocol = fixed.rtm_protocol;
  route.scope = fixed.rtm_scope;
  route.type = fixed.rtm_type;
  // Without RTA_DST it is the default route.
  route.destination =
      ip_of(*family, (*attributes)[RTA_DST]).value_or(IpAddress{.family = *family, .bytes = {}});
  route.prefix_length = fixed.rtm_dst_len;
  route.preferred_source = ip_of(*family, (*attributes)[RTA_PREFSRC]);
  route.priority = attributes->get<std::uint32_t>(RTA_PRIORITY);
  Result<std::vector<NextHop>> hops = decode_multipath(*family, (*attributes)[RTA_MULTIPATH]);
  if (!hops) return std::unexpected(std::move(hops).error());
  route.next_hops = *std::move(hops);
  const std::optional<IpAddress> gateway = gateway_of(*family, *attributes);
  if (route.next_hops.empty() && (attributes->has(RTA_OIF) || gateway)) {
    route.next_hops.push_back(
        {.interface = attributes->get_or<std::uint32_t>(RTA_OIF, 0), .gateway = gateway});
  }
  return route;
}

}  // namespace hostnet
