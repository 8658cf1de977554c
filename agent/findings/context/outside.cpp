#include "agent/findings/context/outside.h"

#include <algorithm>
#include <array>

#include "agent/ports/nat/service_addresses.h"
#include "netlink/base/ranges.h"
#include "netlink/rtnetlink/links.h"

namespace hostnet {
namespace {

// Overlays and devices that only have addresses (IFLA_INFO_KIND).
constexpr std::array<std::string_view, 13> kInside = {
    "vxlan",     "geneve", "ipip",  "sit", "gre",    "gretap", "ip6gre",
    "wireguard", "tun",    "dummy", "ifb", "ip6tnl", "erspan"};

bool is_container_side(std::string_view kind) {
  return kind == "veth" || kind == "tun";
}

// A bridge that has only containers attached.
bool is_inner_bridge(const Link& link, const std::vector<Link>& links) {
  return link.kind == "bridge" && std::ranges::all_of(links, [&](const Link& port) {
           return port.master != link.index || is_container_side(port.kind);
         });
}

// The host side of a pod's veth has a single-address prefix (ptp, Cilium) or no address.
bool is_pods_veth(const Link& link, const Address& row) {
  const unsigned whole = row.ip.family == AddressFamily::ipv4 ? 32 : 128;
  return link.kind == "veth" && row.prefix_length == whole;
}

bool faces_outside(const Link& link, const Address& row, const std::vector<Link>& links) {
  return !contains(kInside, link.kind) && !is_inner_bridge(link, links) && !is_pods_veth(link, row);
}

}  // namespace

std::vector<WayIn> ways_in(const PortSnapshot& table) {
  const auto services = service_devices(table.links);
  std::vector<WayIn> outside, inside;
  std::vector<IpAddress> of_loopback;
  for (const Address& row : table.addresses) {
    // Each pod's veth has a link-local address: skip those before looking up the link.
    if (is_link_local(row.ip) || row.ip.is_loopback()) continue;
    const Link* link = find_link(table.links, row.interface);
    if (link == nullptr || is_service_address(row, services)) continue;
    if (is_loopback(*link)) {
      of_loopback.push_back(row.ip);
      continue;
    }
    (faces_outside(*link, row, table.links) ? outside : inside).push_back({link->name, row.ip});
  }
  if (outside.empty()) outside = std::move(inside);
  // An address on loopback can be reached through all of these interfaces.
  std::vector<std::string> interfaces;
  for (const WayIn& way : outside) add_once(interfaces, way.interface);
  for (const IpAddress& address : of_loopback) {
    for (const std::string& interface : interfaces) outside.push_back({interface, address});
  }
  return outside;
}

}  // namespace hostnet
