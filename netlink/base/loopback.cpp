#include "netlink/base/loopback.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace hostnet {

bool is_loopback(std::span<const std::uint8_t> address) {
  static constexpr std::array<std::uint8_t, 16> kOne{0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.size() == 4) return address[0] == 127;
  if (address.size() != kOne.size()) return false;
  return std::ranges::equal(address, kOne) ||
         (std::ranges::equal(address.first<12>(), kMapped) && address[12] == 127);
}

bool is_loopback(std::string_view address) {
  const std::string text(address);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return is_loopback(std::span(bytes).first<4>());
  }
  return inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1 && is_loopback(std::span(bytes));
}

}  // namespace hostnet
