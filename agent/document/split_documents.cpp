#include "agent/document/split_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "netlink/base/escape.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Calls f(line, number) for each line; without the line's end.
template <class F>
void for_each_line(std::string_view text, unsigned first_line, F f) {
  unsigned number = first_line;
  while (!text.empty()) {
    const auto end = text.find('\n');
    f(text.substr(0, end), number++);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

bool is_separator(std::string_view line) {
  return line.starts_with("---") &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\r');
}

bool has_content(std::string_view text) {
  bool content = false;
  for_each_line(text, 1, [&](std::string_view line, unsigned) {
    if (is_separator(line)) line.remove_prefix(3);
    if (line.starts_with('%')) return;
    const std::string_view trimmed = trim(line);
    content = content || (!trimmed.empty() && !trimmed.starts_with('#') && trimmed != "...");
  });
  return content;
}

}  // namespace

std::vector<DocumentText> split_documents(std::string_view text) {
  std::vector<DocumentText> documents;
  std::size_t start = 0;
  unsigned start_line = 1;
  const auto close = [&](std::size_t end) {
    const std::string_view part = text.substr(start, end - start);
    if (has_content(part)) documents.push_back({.text = part, .first_line = start_line});
  };
  for_each_line(text, 1, [&](std::string_view line, unsigned number) {
    if (!is_separator(line)) return;
    const auto at = static_cast<std::size_t>(line.data() - text.data());
    close(at);
    start = at;
    start_line = number;
  });
  close(text.size());
  return documents;
}

std::optional<Complaint> why_not_text(std::string_view bytes) {
  unsigned line = 1;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    const Utf8Character character = next_character(bytes.substr(i, 4));
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    if (!character.valid || control) {
      return Complaint{.line = line,
                       .message = fmt::format("not a text file: byte 0x{:02x} at offset {} is {}",
                                              c, i, control ? "a control character" : "not UTF-8")};
    }
    if (c == '\n') ++line;
    i += character.size;
  }
  return std::nullopt;
}

unsigned placeholder_line(const DocumentText& document, unsigned line) {
  unsigned found = 0;
  for_each_line(document.text, document.first_line, [&](std::string_view content, unsigned number) {
    const std::string_view trimmed = trim(content);
    const bool indented = !content.starts_with("...");  // there it ends a document
    if (number <= line && (trimmed == "- ..." || (trimmed == "..." && indented))) found = number;
  });
  return found;
}

unsigned template_line(const DocumentText& document, unsigned line) {
  unsigned found = 0;
  for_each_line(document.text, document.first_line, [&](std::string_view content, unsigned number) {
    const bool near = number == line || number + 1 == line;
    if (near && content.find("{{") != std::string_view::npos) found = number;
  });
  return found;
}

}  // namespace hostnet
