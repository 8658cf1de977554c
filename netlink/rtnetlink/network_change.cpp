#include "netlink/rtnetlink/network_change.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <vector>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

// The first byte of each of ifinfomsg, ifaddrmsg, rtmsg, fib_rule_hdr and ndmsg.
std::optional<unsigned> family_byte(const NetlinkMessage& message) {
  if (message.payload.empty()) return std::nullopt;
  return std::to_integer<unsigned>(message.payload.front());
}

bool counts_as(NetworkObject object, unsigned family, const NetlinkMessage& message) {
  switch (object) {
    case NetworkObject::link: return family == AF_UNSPEC;
    case NetworkObject::route:
      return ip_family(family) && message.payload.size() >= sizeof(rtmsg) &&
             (copy_of<rtmsg>(message.payload).rtm_flags & RTM_F_CLONED) == 0;
    case NetworkObject::address:
    case NetworkObject::rule:
    case NetworkObject::neighbour: return ip_family(family).has_value();
  }
  return false;
}

std::optional<NetworkChange> named_change(std::uint16_t type) {
  using enum NetworkObject;
  switch (type) {
    case RTM_NEWLINK: return NetworkChange{.object = link, .gone = false};
    case RTM_DELLINK: return NetworkChange{.object = link, .gone = true};
    case RTM_NEWADDR: return NetworkChange{.object = address, .gone = false};
    case RTM_DELADDR: return NetworkChange{.object = address, .gone = true};
    case RTM_NEWROUTE: return NetworkChange{.object = route, .gone = false};
    case RTM_DELROUTE: return NetworkChange{.object = route, .gone = true};
    case RTM_NEWRULE: return NetworkChange{.object = rule, .gone = false};
    case RTM_DELRULE: return NetworkChange{.object = rule, .gone = true};
    case RTM_NEWNEIGH: return NetworkChange{.object = neighbour, .gone = false};
    case RTM_DELNEIGH: return NetworkChange{.object = neighbour, .gone = true};
    default: return std::nullopt;
  }
}

}  // namespace

std::string_view to_string(NetworkObject object) {
  switch (object) {
    case NetworkObject::link: return "link";
    case NetworkObject::address: return "address";
    case NetworkObject::route: return "route";
    case NetworkObject::rule: return "rule";
    case NetworkObject::neighbour: return "neighbour";
  }
  return "";
}

std::optional<NetworkChange> network_change(const NetlinkMessage& message) {
  const auto change = named_change(message.type);
  const auto family = family_byte(message);
  if (!change || !family || !counts_as(change->object, *family, message)) return std::nullopt;
  return change;
}

Result<std::unique_ptr<Subscription>> subscribe_to_network_changes(Netlink& netlink,
                                                                   bool neighbours) {
  std::vector<unsigned> groups{RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
                               RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,
                               RTNLGRP_IPV6_RULE};
  if (neighbours) groups.push_back(RTNLGRP_NEIGH);
  return netlink.subscribe(NETLINK_ROUTE, groups);
}

}  // namespace hostnet
