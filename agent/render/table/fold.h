#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hostnet {

// The words of `text` in lines of at most `width` columns; a longer word is broken.
// At least one line. `text` is safe already (escape.h).
std::vector<std::string> fold(std::string_view text, std::size_t width);

// The same as one text that ends with a newline, lines after the first indented.
// Width 0: not folded.
std::string folded(std::string_view text, std::size_t width, std::size_t indent = 0);

}  // namespace hostnet
