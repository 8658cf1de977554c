#pragma once

// Routes as the kernel has them, for the collectors that read them.

#include <linux/rtnetlink.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/encode_netlink.h"
#include "tests/support/node_builder.h"

namespace hostnet {

inline Route unicast(std::string_view destination, std::uint8_t length, std::vector<NextHop> hops) {
  Route route;
  route.destination = parse_ip(destination).value();
  route.family = route.destination.family;
  route.prefix_length = length;
  route.table = RT_TABLE_MAIN;
  route.protocol = RTPROT_STATIC;
  route.type = RTN_UNICAST;
  route.next_hops = std::move(hops);
  return route;
}

inline NextHop hop(std::uint32_t interface, std::optional<IpAddress> gateway = {},
                   std::uint32_t weight = 1) {
  return {.interface = interface, .gateway = gateway, .weight = weight};
}

// A route whose last attribute is longer than its message.
inline std::vector<std::byte> cut_route() {
  auto message = encode_route(unicast("10.0.0.0", 8, {hop(2)}));
  message[message.size() - 8] = std::byte{0xff};
  return message;
}

inline NodeBuilder node_with_two_links() {
  NodeBuilder builder;
  builder.link({.index = 2, .name = "eth0"}).link({.index = 3, .name = "eth1"});
  return builder;
}

}  // namespace hostnet
