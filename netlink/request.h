#pragma once

// Builds a NetlinkRequest: a fixed struct, then attributes, padded as the kernel
// requires (libmnl does the layout).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "netlink/netlink.h"

namespace hostnet {

class RequestBuilder {
 public:
  RequestBuilder(int family, std::uint16_t type, std::uint16_t flags, std::string doing);

  // The struct that the message type requires first. Call before any attribute.
  template <class T>
  RequestBuilder& fixed(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return put_fixed(std::as_bytes(std::span(&value, 1)));
  }
  // At most 65,531 bytes: an attribute's length has 16 bits.
  RequestBuilder& attribute(std::uint16_t type, std::span<const std::byte> value);
  template <class T>
    requires std::is_arithmetic_v<T>
  RequestBuilder& attribute(std::uint16_t type, const T& value) {
    return attribute(type, std::as_bytes(std::span(&value, 1)));
  }

  NetlinkRequest build() &&;

 private:
  RequestBuilder& put_fixed(std::span<const std::byte> value);
  void* grow(std::size_t bytes);

  NetlinkRequest request_;
  std::vector<std::byte> message_;  // struct nlmsghdr and the body so far
};

}  // namespace hostnet
