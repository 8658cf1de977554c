#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace hostnet {

// 127.0.0.0/8, ::1 and their IPv4-mapped form: 4 or 16 bytes in network order.
bool is_loopback(std::span<const std::uint8_t> address);
bool is_loopback(std::string_view address);  // false for any text that is no IP address

}  // namespace hostnet
