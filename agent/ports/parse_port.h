#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/facts.h"

namespace hostnet {

struct PortAndProtocol {
  std::uint16_t port{};
  std::optional<Protocol> protocol;  // unset: tcp and udp
  bool operator==(const PortAndProtocol&) const = default;
};

// "8080", "8080/tcp"; the error explains what is wrong.
std::expected<PortAndProtocol, std::string> parse_port(std::string_view text);

}  // namespace hostnet
