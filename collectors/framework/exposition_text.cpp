#include "collectors/framework/exposition_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hostnet {
namespace {

constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What may stand in a name after its first character.
constexpr auto kNamePart = [] {
  std::array<bool, 256> part{};
  for (std::size_t c = 0; c < 128; ++c) {
    part[c] = is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c));
  }
  return part;
}();
constexpr bool is_name_part(char c) {
  return kNamePart[static_cast<unsigned char>(c)];
}

constexpr bool is_plain(char c) {
  return static_cast<unsigned char>(c) < 128 && c != '\\' && c != '"' && c != '\n';
}

// Whether all eight bytes are plain. Of a word, (w - 1..1) & ~w & 0x80..80 has a
// bit for each byte that is zero, and perhaps some above the first.
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

// How many bytes of ASCII that needs no escape `text` begins with.
std::size_t plain_length(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && are_plain(text.data() + at)) at += 8;
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::uint64_t seen = 0;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    seen |= word;
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & kHighs) == 0;
}

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

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto part = [](char c) { return is_name_part(c) || c == ':'; };
  return !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, part);
}

bool is_label_name(std::string_view name) {
  return !name.empty() && !is_digit(name[0]) && std::ranges::all_of(name, is_name_part);
}

void append_utf8(std::string& out, std::string_view text) {
  if (is_ascii(text)) {
    out += text;
    return;
  }
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
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
      default: {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
          out += kReplacement;
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
