#include "netlink/base/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace hostnet {
namespace {

struct CodeRange {
  char32_t first, last;
};

// Unicode East Asian Width W and F, as blocks (UAX #11).
constexpr std::array<CodeRange, 15> kWide{{{0x1100, 0x115F},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0x33FF},
                                           {0x3400, 0x4DBF},
                                           {0x4E00, 0x9FFF},
                                           {0xA000, 0xA4CF},
                                           {0xA960, 0xA97F},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF01, 0xFF60},
                                           {0xFFE0, 0xFFE6},
                                           {0x1F300, 0x1F64F},
                                           {0x1F900, 0x1F9FF},
                                           {0x20000, 0x3FFFD}}};

constexpr std::array<CodeRange, 5> kWithoutWidth{
    {{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};

// Characters that may move the cursor, end the line or change the displayed order:
// C0, DEL, C1, separators, direction marks and overrides, invisible characters, byte
// order mark, tags.
constexpr std::array<CodeRange, 9> kUnsafe{{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0x061C, 0x061C},
                                            {0x200B, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF9, 0xFFFB},
                                            {0xE0000, 0xE007F}}};

template <std::size_t N>
bool within(const std::array<CodeRange, N>& ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [code](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

void append_escape(std::string& out, char32_t code) {
  const auto value = static_cast<std::uint32_t>(code);
  switch (value) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (value < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", value);
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", value);
  }
}

std::string_view html_entity(char32_t code) {
  switch (code) {
    case U'&': return "&amp;";
    case U'<': return "&lt;";
    case U'>': return "&gt;";
    case U'"': return "&quot;";
    case U'\'': return "&#39;";
    default: return {};
  }
}

}  // namespace

Utf8Character next_character(std::string_view text) {
  if (text.empty()) return {};
  constexpr Utf8Character kInvalid{.code = 0xFFFD, .size = 1, .valid = false};
  const auto first = byte_at(text, 0);
  if (first < 0x80) return {.code = first, .size = 1, .valid = true};
  if (first < 0xC2 || first > 0xF4) return kInvalid;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return kInvalid;
  char32_t code = static_cast<char32_t>(first & (0xFFU >> (size + 1)));
  for (std::size_t i = 1; i < size; ++i) {
    const auto byte = byte_at(text, i);
    if ((byte & 0xC0U) != 0x80U) return kInvalid;
    code = code << 6U | (byte & 0x3FU);
  }
  const char32_t smallest = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  if (code < smallest || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return kInvalid;
  return {.code = code, .size = size, .valid = true};
}

std::string_view shortened(std::string_view text, std::size_t most) {
  std::string_view head = text.substr(0, most);
  while (head.size() < text.size() && !head.empty() &&
         (static_cast<unsigned char>(text[head.size()]) & 0xC0U) == 0x80U) {
    head.remove_suffix(1);
  }
  return head;
}

std::string terminal_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto character = next_character(text);
    if (!character.valid) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte_at(text, 0));
    } else if (within(kUnsafe, character.code)) {
      append_escape(out, character.code);
    } else {
      out += text.substr(0, character.size);
    }
    text.remove_prefix(character.size);
  }
  return out;
}

std::string html_text(std::string_view text) {
  const std::string safe = terminal_text(text);
  std::string out;
  out.reserve(safe.size());
  for (const char c : safe) {
    const auto entity = html_entity(static_cast<char32_t>(static_cast<unsigned char>(c)));
    if (entity.empty()) {
      out += c;
    } else {
      out += entity;
    }
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto character = next_character(text);
    if (within(kWide, character.code)) {
      width += 2;
    } else if (!within(kWithoutWidth, character.code)) {
      ++width;
    }
    text.remove_prefix(character.size);
  }
  return width;
}

}  // namespace hostnet
