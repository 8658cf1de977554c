#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "netlink/facts.h"

namespace hostnet {

// The link with that ifindex; nullptr if there is none.
const Link* find_link(std::span<const Link> links, std::uint32_t index);

bool is_loopback(const Link& link);

// "02:00:00:00:00:01"
std::string hardware_address(std::span<const std::byte> bytes);
inline std::string hardware_address(std::span<const std::uint8_t> bytes) {
  return hardware_address(std::as_bytes(bytes));
}

}  // namespace hostnet
