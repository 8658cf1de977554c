#include "netlink/rtnetlink/links.h"

#include <fmt/format.h>
#include <net/if_arp.h>

#include <algorithm>

namespace hostnet {

const Link* find_link(std::span<const Link> links, std::uint32_t index) {
  const auto found = std::ranges::find(links, index, &Link::index);
  return found == links.end() ? nullptr : &*found;
}

bool is_loopback(const Link& link) {
  return link.type == ARPHRD_LOOPBACK;
}

std::string hardware_address(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", std::to_integer<int>(byte));
  }
  return text;
}

}  // namespace hostnet
