#pragma once

// The frames of RFC 6455 section 5 for a client: sent frames are masked, received ones are not.
// Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

enum class FrameKind : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

struct Frame {
  FrameKind kind{};
  bool final{};  // the last one of its message
  std::string payload;
  bool operator==(const Frame&) const = default;
};

// A kubelet forwards the bytes of one read: 32 KiB. Longer frames are refused.
inline constexpr std::size_t kLongestFrame = std::size_t{1} << 20;

// A whole message in one frame.
std::string encode_frame(FrameKind kind, std::string_view payload, std::uint32_t mask);

// Cuts data that arrives in pieces of any size into frames. Keeps at most one frame and one piece.
class FrameDecoder {
 public:
  void feed(std::string_view bytes) { bytes_ += bytes; }
  // Unset: more bytes are needed. Reason::malformed: not a server's frame, or too long.
  Result<std::optional<Frame>> next();

 private:
  std::string bytes_;
};

}  // namespace hostnet
