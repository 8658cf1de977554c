#pragma once

#include <cstdint>
#include <optional>

#include "netlink/messages.h"

namespace hostnet {

// What a message of a link says about the network behind it.
struct LinkNetwork {
  // With what its packets are marked: a VLAN's id (1 to 4094), a VXLAN's or
  // Geneve's VNI (24 bits).
  std::optional<std::uint32_t> id;
  // Link::lower_link counts in another network namespace: a pod's end of a veth.
  bool lower_elsewhere{};
  bool operator==(const LinkNetwork&) const = default;
};

// Nothing where the message is none of a link or does not parse; decode_link()
// says that.
LinkNetwork decode_link_network(const NetlinkMessage& message);

}  // namespace hostnet
