#pragma once

// WireGuard devices by generic netlink (include/uapi/linux/wireguard.h): only the
// UDP port that they hold. The answer has the device's private key, too, and its
// peers with theirs: nothing of that is decoded, kept, or recorded.

#include <cstdint>
#include <optional>
#include <span>

#include "netlink/messages.h"
#include "netlink/netlink.h"

namespace hostnet {

// Sets Link::tunnel_port of the devices of kind "wireguard" that are up. Where
// there are none nothing is asked. Needs CAP_NET_ADMIN (Reason::denied); a device
// that went meanwhile is no failure.
Result<> read_wireguard_ports(Netlink& netlink, std::span<Link> links);

// The port in one message of an answer; none: the message does not tell it.
// Reason::malformed: lengths that do not fit.
Result<std::optional<std::uint16_t>> decode_wireguard_port(const NetlinkMessage& message);

}  // namespace hostnet
