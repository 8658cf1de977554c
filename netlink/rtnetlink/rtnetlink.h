#pragma once

// NETLINK_ROUTE: links, addresses, routes, neighbours, qdiscs
// (include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h).
//
// decode_*: one message into one fact. Unset: the message is of another type or
// family (a bridge's port, an MPLS or multicast route, a cached route that the kernel
// only clones), which dumps of every family and subscriptions contain; skip it.
// Reason::malformed: lengths that do not fit, or a message without a required field
// (an index, an address). They accept RTM_NEW* and RTM_DEL* alike;
// NetlinkMessage::type distinguishes them.

#include <memory>
#include <optional>
#include <vector>

#include "netlink/facts.h"
#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

NetlinkRequest links_request();      // with SR-IOV virtual functions
NetlinkRequest addresses_request();  // both families
NetlinkRequest routes_request();     // both families, every table
NetlinkRequest neighbours_request(AddressFamily family);
NetlinkRequest qdiscs_request();

Result<std::optional<Link>> decode_link(const NetlinkMessage& message);
Result<std::optional<Address>> decode_address(const NetlinkMessage& message);
Result<std::optional<Route>> decode_route(const NetlinkMessage& message);
Result<std::optional<Neighbour>> decode_neighbour(const NetlinkMessage& message);
Result<std::optional<Qdisc>> decode_qdisc(const NetlinkMessage& message);

// A whole dump. For tables that may be huge (routes of a BGP node) dump and
// decode message by message instead.
Result<std::vector<Link>> read_links(Netlink& netlink);
Result<std::vector<Address>> read_addresses(Netlink& netlink);
Result<std::vector<Qdisc>> read_qdiscs(Netlink& netlink);

// Receives every link that appears, disappears or changes.
Result<std::unique_ptr<Subscription>> subscribe_to_links(Netlink& netlink);
// Receives every link and address that appears, disappears or changes.
Result<std::unique_ptr<Subscription>> subscribe_to_links_and_addresses(Netlink& netlink);

}  // namespace hostnet
