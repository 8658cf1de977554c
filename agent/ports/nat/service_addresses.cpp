#include "agent/ports/nat/service_addresses.h"

#include <algorithm>

namespace hostnet {

std::vector<std::uint32_t> service_devices(std::span<const Link> links) {
  std::vector<std::uint32_t> devices;
  for (const Link& link : links) {
    if (link.name == "kube-ipvs0" || link.name == "nodelocaldns") devices.push_back(link.index);
  }
  return devices;
}

bool is_service_address(const Address& address, std::span<const std::uint32_t> service_devices) {
  return std::ranges::find(service_devices, address.interface) != service_devices.end();
}

}  // namespace hostnet
