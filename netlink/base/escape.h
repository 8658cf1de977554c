#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hostnet {

// Names are untrusted: a process may be called "\e[31m", a file name may not be
// UTF-8. All output text passes through one of these. None throws.

// One UTF-8 character from the front of `text` (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF). size is 0 at the end of the text, and 1 with
// valid false for a byte that is not part of a character.
struct Utf8Character {
  char32_t code{};
  std::size_t size{};
  bool valid{};
};
Utf8Character next_character(std::string_view text);

// At most `most` bytes from the front, never cutting a character in two.
std::string_view shortened(std::string_view text, std::size_t most);

// For a terminal, on one line: control characters, line and paragraph
// separators, direction overrides and invalid bytes are written as \n, \t,
// \x1b or \u202e; the rest is unchanged.
std::string terminal_text(std::string_view text);

// For HTML text and quoted attributes: escapes & < > " ' and everything that
// terminal_text() escapes, and changes nothing else.
std::string html_text(std::string_view text);

// The number of terminal columns of `text`: 2 for East Asian wide characters and
// pictographs, 0 for combining marks, 1 for the rest.
std::size_t display_width(std::string_view text);

}  // namespace hostnet
