#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"

namespace hostnet {

// Bytes both ways, until the deadline that it was made with: then every call is Reason::timeout.
// Owned by one thread.
class ByteStream {
 public:
  ByteStream() = default;
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // All of it, or the error.
  virtual Result<> write(std::string_view bytes) = 0;
  // What comes next, at least a byte; "" when the peer has ended.
  virtual Result<std::string> read() = 0;
};

// No read gives more at once.
inline constexpr std::size_t kReadSize = 16384;

}  // namespace hostnet
