#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "netlink/base/error.h"

namespace hostnet {

// Views into the buffer that contains the message.
struct NetlinkMessage {
  std::uint16_t type{};
  std::uint16_t flags{};
  std::uint32_t sequence{};
  std::uint32_t port_id{};
  std::span<const std::byte> payload;  // after struct nlmsghdr
};

struct NetlinkAttribute {
  std::uint16_t type{};  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::span<const std::byte> value;
};

// Walk a buffer by its length fields (struct nlmsghdr, struct nlattr;
// include/uapi/linux/netlink.h). A length beyond the buffer, or smaller than its own
// header, is Reason::malformed, so the callback's spans are always in bounds. An error
// from the callback ends the walk and is returned.
Result<> for_each_message(std::span<const std::byte> bytes,
                          const std::function<Result<>(const NetlinkMessage&)>& on_message);
Result<> for_each_attribute(std::span<const std::byte> bytes,
                            const std::function<Result<>(const NetlinkAttribute&)>& on_attribute);

}  // namespace hostnet
