#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"

namespace hostnet {

// A two-way byte stream with the deadline that it was created with: after it every call is
// Reason::timeout. Owned by one thread.
class ByteStream {
 public:
  ByteStream() = default;
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Writes all bytes or returns an error.
  virtual Result<> write(std::string_view bytes) = 0;
  // The next bytes, at least one; "" when the peer has closed.
  virtual Result<std::string> read() = 0;
};

// The most that one read returns.
inline constexpr std::size_t kReadSize = 16384;

}  // namespace hostnet
