#include "agent/document/decode_text.h"

#include <cstddef>

namespace hostnet {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(char32_t code, std::string& text) {
  const auto rest = [&](unsigned shift) {
    text += static_cast<char>(0x80U | (code >> shift & 0x3FU));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | code >> 6);
    rest(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | code >> 12);
    rest(6);
    rest(0);
  } else {
    text += static_cast<char>(0xF0U | code >> 18);
    rest(12);
    rest(6);
    rest(0);
  }
}

bool is_high_surrogate(char32_t unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low_surrogate(char32_t unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
  const auto unit_at = [&](std::size_t i) -> char32_t {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return big_endian ? first * 256U + second : second * 256U + first;
  };
  std::string text;
  text.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t code = unit_at(i);
    if (is_high_surrogate(code) && i + 3 < bytes.size() && is_low_surrogate(unit_at(i + 2))) {
      code = 0x10000 + (code - 0xD800) * 0x400 + (unit_at(i + 2) - 0xDC00);
      i += 2;
    } else if (is_high_surrogate(code) || is_low_surrogate(code)) {
      code = kReplacement;
    }
    append_utf8(code, text);
  }
  if (bytes.size() % 2 != 0) append_utf8(kReplacement, text);
  return text;
}

}  // namespace

std::string decode_text(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return std::string(bytes.substr(3));
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(bytes.substr(2), true);
  return std::string(bytes);
}

}  // namespace hostnet
