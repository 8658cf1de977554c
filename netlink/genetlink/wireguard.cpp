#include "netlink/genetlink/wireguard.h"

#include <linux/netlink.h>
#include <linux/wireguard.h>
#include <net/if.h>

#include "netlink/attributes.h"
#include "netlink/genetlink/generic_netlink.h"

namespace hostnet {
namespace {

// The first message has the port; the others only contain more peers, possibly
// thousands: an error ends the dump.
Result<std::optional<std::uint16_t>> read_wireguard_port(Netlink& netlink, std::uint16_t family,
                                                         const Link& link) {
  auto builder = generic_request(family, WG_CMD_GET_DEVICE, NLM_F_DUMP,
                                 "reading WireGuard device " + link.name);
  builder.attribute(WGDEVICE_A_IFINDEX, link.index);
  NetlinkRequest request = std::move(builder).build();
  request.recorded_attributes = {WGDEVICE_A_IFINDEX, WGDEVICE_A_LISTEN_PORT};
  std::optional<Result<std::optional<std::uint16_t>>> told;
  const auto done = netlink.dump(request, {[&] { told.reset(); },
                                           [&](const NetlinkMessage& message) -> Result<> {
                                             told = decode_wireguard_port(message);
                                             return failure(Reason::exhausted, "enough");
                                           }});
  if (!told && !done) return std::unexpected(done.error());
  if (!told) return std::nullopt;
  if (!*told) return failure(Reason::malformed, request.doing + ": " + told->error().message);
  return *told;
}

}  // namespace

Result<std::optional<std::uint16_t>> decode_wireguard_port(const NetlinkMessage& message) {
  const auto attributes = AttributeTable<WGDEVICE_A_LISTEN_PORT>::of(generic_attributes(message));
  if (!attributes) return std::unexpected(attributes.error());
  return attributes->get<std::uint16_t>(WGDEVICE_A_LISTEN_PORT);
}

Result<> read_wireguard_ports(Netlink& netlink, std::span<Link> links) {
  std::optional<std::uint16_t> family;
  for (Link& link : links) {
    if (link.kind != WG_GENL_NAME) continue;
    link.tunnel_port.reset();
    if ((link.flags & IFF_UP) == 0) continue;
    if (!family) {
      const auto found = find_generic_family(netlink, WG_GENL_NAME);
      if (!found) return std::unexpected(found.error());
      family = *found;
    }
    const auto port = read_wireguard_port(netlink, *family, link);
    if (port) {
      if (port->value_or(0) != 0) link.tunnel_port = *port;
    } else if (port.error().reason != Reason::vanished) {
      return std::unexpected(port.error());
    }
  }
  return {};
}

}  // namespace hostnet
