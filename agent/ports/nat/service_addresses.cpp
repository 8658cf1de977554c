#include "agent/ports/nat/service_addresses.h"

#include <array>
#include <string_view>

#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

// kube-proxy: pkg/proxy/ipvs; kube-router: pkg/controllers/proxy; dns: cmd/node-cache, and AKS'
// node-local DNS service (AgentBaker: localdns).
constexpr std::array<std::string_view, 4> kServiceDevices{"kube-ipvs0", "kube-dummy-if",
                                                          "nodelocaldns", "localdns"};

}  // namespace

std::vector<std::uint32_t> service_devices(std::span<const Link> links) {
  std::vector<std::uint32_t> devices;
  for (const Link& link : links) {
    if (contains(kServiceDevices, link.name)) {
      devices.push_back(link.index);
    }
  }
  return devices;
}

bool is_link_local(const IpAddress& ip) {
  if (ip.family == AddressFamily::ipv6) return ip.bytes[0] == 0xFE && (ip.bytes[1] & 0xC0) == 0x80;
  return ip.bytes[0] == 169 && ip.bytes[1] == 254;
}

bool is_service_address(const Address& address, std::span<const std::uint32_t> service_devices) {
  return contains(service_devices, address.interface);
}

}  // namespace hostnet
