#pragma once

#include <span>

#include "netlink/facts.h"

namespace hostnet {

// An address of a Service that kube-proxy (IPVS) or node-local-dns puts on a
// device of its own: the node answers there for others.
bool is_service_address(const Address& address, std::span<const Link> links);

}  // namespace hostnet
