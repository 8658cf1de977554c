#include "agent/render/table/fold.h"

#include <algorithm>

#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// As much of the front of `word` as fits, at least one character.
std::string_view front_of(std::string_view word, std::size_t width) {
  std::size_t bytes = 0;
  std::size_t columns = 0;
  while (bytes < word.size()) {
    const std::size_t size = std::max<std::size_t>(next_character(word.substr(bytes)).size, 1);
    columns += display_width(word.substr(bytes, size));
    if (columns > width && bytes > 0) break;
    bytes += size;
  }
  return word.substr(0, bytes);
}

}  // namespace

std::vector<std::string> fold(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    std::string_view word = take_until(text, ' ');
    std::size_t columns = display_width(word);
    if (used > 0 && used + 1 + columns > width) {
      lines.emplace_back();
      used = 0;
    } else if (used > 0) {
      lines.back() += ' ';
      ++used;
    }
    while (columns > width) {
      const std::string_view front = front_of(word, width);
      lines.back() += front;
      lines.emplace_back();
      word.remove_prefix(front.size());
      columns = display_width(word);
    }
    lines.back() += word;
    used += columns;
  }
  if (lines.size() > 1 && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string folded(std::string_view text, std::size_t width, std::size_t indent) {
  if (width == 0 || display_width(text) <= width) return std::string(text) + "\n";
  std::string out;
  // The first line is not indented.
  std::size_t before = 0;
  for (const std::string& line : fold(text, width > indent ? width - indent : 1)) {
    out += std::string(before, ' ') + line + "\n";
    before = indent;
  }
  return out;
}

}  // namespace hostnet
