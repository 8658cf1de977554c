#include "collectors/framework/exposition_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "netlink/base/escape.h"

namespace hostnet {
namespace {

constexpr bool is_plain(char c) {
  return static_cast<unsigned char>(c) < 128 && c != '\\' && c != '"' && c != '\n';
}

// Whether all eight bytes are plain. For a word, (w - 1..1) & ~w & 0x80..80 has a
// bit for each byte that is zero, and possibly some above the first.
bool are_plain(const char* eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = kOnes << 7U;
  std::uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  const auto zeros = [](std::uint64_t w) { return (w - kOnes) & ~w; };
  const std::uint64_t special = word | zeros(word ^ (kOnes * '\\')) | zeros(word ^ (kOnes * '"')) |
                                zeros(word ^ (kOnes * '\n'));
  return (special & kHighs) == 0;
}

// The number of leading ASCII bytes that need no escape.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && are_plain(text.data() + at)) at += 8;
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

// Takes a character from the front of `text`; U+FFFD for a byte outside any character.
std::string_view take_character(std::string_view& text) {
  const Utf8Character character = next_character(text);
  const std::string_view bytes = text.substr(0, character.size);
  text.remove_prefix(character.size);
  return character.valid ? bytes : "\xEF\xBF\xBD";
}

}  // namespace

void append_replaced(std::string& out, std::string_view text) {
  while (!text.empty()) out += take_character(text);
}

void append_escaped(TextBuffer& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;
    switch (text[0]) {
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '"': out += quotes ? "\\\"" : "\""; break;
      default: out += take_character(text); continue;
    }
    text.remove_prefix(1);
  }
}

}  // namespace hostnet
