#pragma once

// Text helpers of the exposition. Internal to it.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "collectors/framework/text_buffer.h"

namespace hostnet {

// Appends `text` with each byte that is not valid UTF-8 replaced by U+FFFD.
void append_replaced(std::string& out, std::string_view text);

// Whether append_replaced() would change nothing, eight bytes at a time.
inline bool is_ascii(std::string_view text) {
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto word_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  std::uint64_t seen = 0;
  if (text.size() < 8) {
    for (const char c : text) seen |= static_cast<unsigned char>(c);
    return (seen & kHighs) == 0;
  }
  for (std::size_t at = 0; at + 8 < text.size(); at += 8) seen |= word_at(at);
  return ((seen | word_at(text.size() - 8)) & kHighs) == 0;
}

// Escapes backslash and newline and, if `quotes`, the double quote; each byte that is not
// valid UTF-8 becomes U+FFFD.
void append_escaped(TextBuffer& out, std::string_view text, bool quotes);

}  // namespace hostnet
