#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hostnet {

// One encoded field of a protobuf message (https://protobuf.dev/programming-guides/encoding).
struct ProtobufField {
  std::uint32_t number{};
  std::uint64_t integer{};  // of a varint or a fixed-size field
  std::string_view bytes;   // of a string, bytes or a message: points into the input
  bool has_bytes{};
};

// Reads the fields of one message, one after the other. Never reads past its end.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  // Unset at the end and at invalid data: then malformed().
  std::optional<ProtobufField> next();
  bool malformed() const { return malformed_; }

 private:
  std::optional<ProtobufField> refuse();

  std::string_view rest_;
  bool malformed_{};
};

// Removes a varint from the front of `text`; unset if it is truncated or longer than 64 bits.
std::optional<std::uint64_t> take_varint(std::string_view& text);

}  // namespace hostnet
