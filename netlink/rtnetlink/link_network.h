#pragma once

#include <cstdint>
#include <optional>

#include "netlink/messages.h"

namespace hostnet {

// What a link message says about the network behind the link.
struct LinkNetwork {
  // The id in its packets: a VLAN id (1 to 4094), a VXLAN's or Geneve's VNI
  // (24 bits).
  std::optional<std::uint32_t> id;
  // Link::lower_link is an index in another network namespace: a pod's end of a veth.
  bool lower_elsewhere{};
  bool operator==(const LinkNetwork&) const = default;
};

// All unset if the message is not a link message or does not parse; decode_link()
// reports that.
LinkNetwork decode_link_network(const NetlinkMessage& message);

}  // namespace hostnet
