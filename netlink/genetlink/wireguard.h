#pragma once

// WireGuard devices over generic netlink (include/uapi/linux/wireguard.h): only the
// UDP port that they hold. The answer also contains the device's private key and the
// keys of its peers: none of that is decoded, kept or recorded.

#include <cstdint>
#include <optional>
#include <span>

#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

// Sets Link::tunnel_port of the devices of kind "wireguard" that are up. Without such
// devices nothing is requested. Needs CAP_NET_ADMIN (Reason::denied); a device that
// has since disappeared is not a failure.
Result<> read_wireguard_ports(Netlink& netlink, std::span<Link> links);

// The port in one message of an answer; unset: the message does not contain it.
// Reason::malformed: lengths that do not fit.
Result<std::optional<std::uint16_t>> decode_wireguard_port(const NetlinkMessage& message);

}  // namespace hostnet
