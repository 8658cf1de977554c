#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "netlink/messages.h"

namespace hostnet {

// A fuzzer's bytes as the payload of one message.
inline NetlinkMessage message_of(std::uint16_t type, const std::uint8_t* data, std::size_t size) {
  return {.type = type, .payload = std::as_bytes(std::span(data, size))};
}

}  // namespace hostnet
