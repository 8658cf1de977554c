#include "collectors/framework/exposition_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace hostnet {
namespace {

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0; c < 128; ++c) plain[c] = c != '\\' && c != '"' && c != '\n';
  return plain;
}();

constexpr unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

// The length of the UTF-8 sequence that `text` begins with (RFC 3629: no
// surrogates, nothing overlong, nothing above U+10FFFF); 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  const auto continues = [&](std::size_t at) { return (byte_at(text, at) & 0xC0U) == 0x80U; };
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  const unsigned second = byte_at(text, 1);
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto part = [](char c) { return is_letter(c) || is_digit(c) || c == ':'; };
  return !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, part);
}

bool is_label_name(std::string_view name) {
  const auto part = [](char c) { return is_letter(c) || is_digit(c); };
  return !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, part);
}

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const auto plain_end = std::ranges::find_if_not(
        text, [](char c) { return kPlain[static_cast<unsigned char>(c)]; });
    const auto plain = static_cast<std::size_t>(plain_end - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    switch (text[0]) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '"': out += quotes ? "\\\"" : "\""; break;
      default: {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
          out += "\xEF\xBF\xBD";
          break;
        }
        out += text.substr(0, length);
        text.remove_prefix(length - 1);
      }
    }
    text.remove_prefix(1);
  }
}

}  // namespace hostnet
