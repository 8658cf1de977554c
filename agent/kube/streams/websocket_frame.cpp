#include "agent/kube/streams/websocket_frame.h"

namespace hostnet {
namespace {

constexpr unsigned kFinal = 0x80;
constexpr unsigned kReserved = 0x70;
constexpr unsigned kKind = 0x0f;
constexpr unsigned kMasked = 0x80;
constexpr unsigned kLength = 0x7f;
constexpr std::size_t kLengthOf2Bytes = 126, kLengthOf8Bytes = 127;
constexpr std::size_t kLongestControl = 125;

void append_big_endian(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

bool is_known(unsigned kind) {
  return kind <= 0x2 || (kind >= 0x8 && kind <= 0xa);
}

std::unexpected<Error> bad_frame(const char* why) {
  return failure(Reason::malformed, std::string("the WebSocket is broken: ") + why);
}

}  // namespace

std::string encode_frame(FrameKind kind, std::string_view payload, std::uint32_t mask) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame.push_back(static_cast<char>(kFinal | static_cast<unsigned>(kind)));
  if (payload.size() < kLengthOf2Bytes) {
    frame.push_back(static_cast<char>(kMasked | payload.size()));
  } else if (payload.size() <= 0xffff) {
    frame.push_back(static_cast<char>(kMasked | kLengthOf2Bytes));
    append_big_endian(frame, payload.size(), 2);
  } else {
    frame.push_back(static_cast<char>(kMasked | kLengthOf8Bytes));
    append_big_endian(frame, payload.size(), 8);
  }
  const std::size_t key = frame.size();
  append_big_endian(frame, mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(payload[i] ^ frame[key + i % 4]));
  }
  return frame;
}

Result<std::optional<Frame>> FrameDecoder::next() {
  const std::string_view bytes = bytes_;
  if (bytes.size() < 2) return std::nullopt;
  const unsigned first = static_cast<unsigned char>(bytes[0]);
  const unsigned second = static_cast<unsigned char>(bytes[1]);
  const unsigned kind = first & kKind;
  const bool final = (first & kFinal) != 0;
  const bool control = kind >= 0x8;
  std::uint64_t length = second & kLength;
  if ((first & kReserved) != 0) return bad_frame("a reserved bit is set");
  if (!is_known(kind)) return bad_frame("a frame of an unknown kind");
  if ((second & kMasked) != 0) return bad_frame("a server's frame is masked");
  if (control && (!final || length > kLongestControl)) return bad_frame("a long control frame");
  std::size_t head = 2;
  if (length >= kLengthOf2Bytes) {
    const std::size_t size = length == kLengthOf2Bytes ? 2 : 8;
    if (bytes.size() < head + size) return std::nullopt;
    length = big_endian(bytes.substr(head, size));
    head += size;
  }
  if (length > kLongestFrame) return bad_frame("a frame is too long");
  if (bytes.size() < head + length) return std::nullopt;
  Frame frame{.kind = static_cast<FrameKind>(kind),
              .final = final,
              .payload = std::string(bytes.substr(head, length))};
  bytes_.erase(0, head + length);
  return frame;
}

}  // namespace hostnet
