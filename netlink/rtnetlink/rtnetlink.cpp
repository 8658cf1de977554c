#include "netlink/rtnetlink/rtnetlink.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>

#include "netlink/attributes.h"
#include "netlink/read_facts.h"
#include "netlink/request.h"

namespace hostnet {

NetlinkRequest links_request() {
  return std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETLINK, NLM_F_DUMP, "listing links")
                       .fixed(ifinfomsg{})
                       .attribute(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_VF}))
      .build();
}

NetlinkRequest addresses_request() {
  return std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETADDR, NLM_F_DUMP, "listing addresses")
                       .fixed(ifaddrmsg{}))
      .build();
}

NetlinkRequest routes_request() {
  return std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETROUTE, NLM_F_DUMP, "listing routes")
                       .fixed(rtmsg{}))
      .build();
}

NetlinkRequest neighbours_request(AddressFamily family) {
  ndmsg header{};
  header.ndm_family = system_family(family);
  return std::move(RequestBuilder(NETLINK_ROUTE, RTM_GETNEIGH, NLM_F_DUMP,
                                  "listing " + std::string(to_string(family)) + " neighbours")
                       .fixed(header))
      .build();
}

NetlinkRequest qdiscs_request() {
  return std::move(
             RequestBuilder(NETLINK_ROUTE, RTM_GETQDISC, NLM_F_DUMP, "listing queueing disciplines")
                 .fixed(tcmsg{}))
      .build();
}

Result<std::vector<Link>> read_links(Netlink& netlink) {
  return read_facts<Link>(netlink, links_request(), decode_link);
}
Result<std::vector<Address>> read_addresses(Netlink& netlink) {
  return read_facts<Address>(netlink, addresses_request(), decode_address);
}
Result<std::vector<Qdisc>> read_qdiscs(Netlink& netlink) {
  return read_facts<Qdisc>(netlink, qdiscs_request(), decode_qdisc);
}

Result<std::unique_ptr<Subscription>> subscribe_to_links(Netlink& netlink) {
  constexpr std::array<unsigned, 1> kGroups{RTNLGRP_LINK};
  return netlink.subscribe(NETLINK_ROUTE, kGroups);
}

Result<std::unique_ptr<Subscription>> subscribe_to_links_and_addresses(Netlink& netlink) {
  constexpr std::array<unsigned, 3> kGroups{RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
  return netlink.subscribe(NETLINK_ROUTE, kGroups);
}

}  // namespace hostnet
