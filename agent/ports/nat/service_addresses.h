#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "netlink/facts.h"

namespace hostnet {

// The devices (ifindex) on which kube-proxy (IPVS) and node-local-dns put the addresses of
// Services: the node answers there on behalf of others.
std::vector<std::uint32_t> service_devices(std::span<const Link> links);

// 169.254.0.0/16, fe80::/10: valid on one link only; every active device has one.
bool is_link_local(const IpAddress& ip);

// Whether the address is on one of those devices.
bool is_service_address(const Address& address, std::span<const std::uint32_t> service_devices);

}  // namespace hostnet
