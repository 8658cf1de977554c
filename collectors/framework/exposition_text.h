#pragma once

// The pieces of text that the exposition is made of. Internal to it.

#include <string>
#include <string_view>

#include "collectors/framework/text_buffer.h"

namespace hostnet {

// `text` with bytes that are no UTF-8 replaced by U+FFFD, one for each.
void append_utf8(std::string& out, std::string_view text);

// Backslash and newline escaped, with `quotes` the double quote too; bytes
// that are no UTF-8 become U+FFFD, one for each.
void append_escaped(TextBuffer& out, std::string_view text, bool quotes);

}  // namespace hostnet
