#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hostnet {

// Names come from anybody: a process may call itself "\e[31m", a file name may
// be no UTF-8. Every text that leaves passes through one of these. None throws.

// One character of UTF-8 from the front of `text` (RFC 3629: no overlong forms,
// no surrogates, nothing above U+10FFFF). size is 0 at the end of the text and
// 1 with valid false for a byte that belongs to no character.
struct Utf8Character {
  char32_t code{};
  std::size_t size{};
  bool valid{};
};
Utf8Character next_character(std::string_view text);

// At most that many bytes from its front, not through the middle of a character.
std::string_view shortened(std::string_view text, std::size_t most);

// For a terminal, on one line: control characters, line and paragraph
// separators, direction overrides and invalid bytes are written as \n, \t,
// \x1b or \u202e, the rest stays.
std::string terminal_text(std::string_view text);

// For HTML text and quoted attributes: & < > " ' and what terminal_text()
// escapes, except that nothing else changes.
std::string html_text(std::string_view text);

// How many terminal columns `text` takes: 2 for East Asian wide characters and
// pictographs, 0 for combining marks, 1 for the rest.
std::size_t display_width(std::string_view text);

}  // namespace hostnet
