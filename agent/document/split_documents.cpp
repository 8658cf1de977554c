#include "agent/document/split_documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace hostnet {
namespace {

std::string_view trim_line(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

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
    const std::string_view trimmed = trim_line(line);
    content = content || (!trimmed.empty() && !trimmed.starts_with('#') && trimmed != "...");
  });
  return content;
}

// How many bytes the UTF-8 sequence at the front has; 0: it is none.
std::size_t utf8_sequence(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned lead = byte(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xC2 && lead < 0xE0 ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  // Overlong forms, surrogates and what is past U+10FFFF (RFC 3629).
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
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
    const std::size_t length = utf8_sequence(bytes.substr(i, 4));
    const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    if (length == 0 || control) {
      return Complaint{.line = line,
                       .message = fmt::format("not a text file: byte 0x{:02x} at offset {} is {}",
                                              c, i, control ? "a control character" : "not UTF-8")};
    }
    if (c == '\n') ++line;
    i += length;
  }
  return std::nullopt;
}

unsigned placeholder_line(const DocumentText& document, unsigned line) {
  unsigned found = 0;
  for_each_line(document.text, document.first_line, [&](std::string_view content, unsigned number) {
    const std::string_view trimmed = trim_line(content);
    const bool indented = !content.starts_with("...");  // there it ends a document
    if (number <= line && (trimmed == "- ..." || (trimmed == "..." && indented))) found = number;
  });
  return found;
}

}  // namespace hostnet
