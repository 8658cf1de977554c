#pragma once

#include <cstddef>
#include <string_view>

// Classes of ASCII characters, never locale dependent.
namespace hostnet {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

constexpr bool is_lower_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

constexpr bool is_hex_digit(char c) {
  return is_lower_hex_digit(c) || (c >= 'A' && c <= 'F');
}

inline constexpr std::size_t kUuidLength = 36;

// 8-4-4-4-12 hexadecimal digits (RFC 9562).
constexpr bool is_uuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex_digit(text[i])) return false;
  }
  return true;
}

}  // namespace hostnet
