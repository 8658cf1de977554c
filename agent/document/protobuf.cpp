#include "agent/document/protobuf.h"

#include <cstddef>

namespace hostnet {
namespace {

enum WireType : std::uint8_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };
constexpr unsigned kTypeBits = 3;
constexpr std::uint64_t kTypeMask = (1U << kTypeBits) - 1;
constexpr std::uint64_t kLargestFieldNumber = (std::uint64_t{1} << 29U) - 1;

std::optional<std::uint64_t> take_fixed(std::string_view& text, std::size_t size) {
  if (text.size() < size) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = size; i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(text[i]);
  }
  text.remove_prefix(size);
  return value;
}

}  // namespace

std::optional<std::uint64_t> take_varint(std::string_view& text) {
  constexpr std::size_t kLongest = 10;
  constexpr unsigned kBits = 7;
  constexpr unsigned char kMore = 0x80;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < text.size() && i < kLongest; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (i + 1 == kLongest && byte > 1) return std::nullopt;
    value |= std::uint64_t{byte & (kMore - 1U)} << (kBits * i);
    if ((byte & kMore) != 0) continue;
    text.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

std::optional<ProtobufField> ProtobufReader::refuse() {
  malformed_ = true;
  rest_ = {};
  return std::nullopt;
}

std::optional<ProtobufField> ProtobufReader::next() {
  if (rest_.empty()) return std::nullopt;
  const auto tag = take_varint(rest_);
  if (!tag || *tag >> kTypeBits == 0 || *tag >> kTypeBits > kLargestFieldNumber) return refuse();
  ProtobufField field{.number = static_cast<std::uint32_t>(*tag >> kTypeBits)};
  std::optional<std::uint64_t> integer;
  switch (*tag & kTypeMask) {
    case varint: integer = take_varint(rest_); break;
    case fixed64: integer = take_fixed(rest_, sizeof(std::uint64_t)); break;
    case fixed32: integer = take_fixed(rest_, sizeof(std::uint32_t)); break;
    case length_delimited: {
      integer = take_varint(rest_);
      if (!integer || *integer > rest_.size()) return refuse();
      field.bytes = rest_.substr(0, *integer);
      field.has_bytes = true;
      rest_.remove_prefix(*integer);
      break;
    }
    default: break;  // groups, which are obsolete
  }
  if (!integer) return refuse();
  field.integer = *integer;
  return field;
}

}  // namespace hostnet
