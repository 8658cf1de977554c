#include "agent/ports/service_addresses.h"

#include <algorithm>

namespace hostnet {

bool is_service_address(const Address& address, std::span<const Link> links) {
  const auto link = std::ranges::find(links, address.interface, &Link::index);
  return link != links.end() && (link->name == "kube-ipvs0" || link->name == "nodelocaldns");
}

}  // namespace hostnet
