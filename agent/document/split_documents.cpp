#include "agent/document/split_documents.h"

#include <fmt/format.h>

#include <cstddef>

#include "agent/document/fields.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Calls f(line, number) for each line, without its newline.
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

constexpr std::string_view kSeparator = "---";

bool is_blank_or_comment(std::string_view line) {
  const std::string_view trimmed = trim(line);
  return trimmed.empty() || trimmed.starts_with('#');
}

bool has_content(std::string_view text) {
  bool content = false;
  for_each_line(text, 1, [&](std::string_view line, unsigned) {
    if (line.starts_with('%')) return;
    content = content || (!is_blank_or_comment(line) && trim(line) != "...");
  });
  return content;
}

// Unset: nothing follows, or a comment.
std::optional<Complaint> refused_behind_separator(std::string_view behind, unsigned line) {
  if (line == 1 && behind.starts_with('#')) {  // on other lines the reader removes it
    return Complaint{.line = line,
                     .message =
                         "\"---#\" on the first line is text to kubectl and kubelet: write "
                         "a space before the #"};
  }
  if (is_blank_or_comment(behind)) return std::nullopt;
  return Complaint{.line = line,
                   .message = fmt::format("only white space or a # comment may follow \"---\", not "
                                          "{}: kubectl reads nothing from here on",
                                          shown_text(trim(behind)))};
}

class DocumentSplitter {
 public:
  explicit DocumentSplitter(std::string_view text) : text_(text) {}

  std::vector<DocumentText> split() {
    for_each_line(text_, 1, [&](std::string_view line, unsigned number) { take(line, number); });
    close(text_.size());
    return std::move(documents_);
  }

 private:
  void take(std::string_view line, unsigned number) {
    if (line.starts_with('%')) {
      directive_ = Complaint{.line = number,
                             .message = fmt::format("{} is a YAML directive: kubectl refuses the "
                                                    "file, leave the line out",
                                                    shown_text(trim(line)))};
    }
    if (!line.starts_with(kSeparator)) return;
    const auto at = static_cast<std::size_t>(line.data() - text_.data());
    const bool directives_only = !close(at);
    auto refused = refused_behind_separator(line.substr(kSeparator.size()), number);
    // YAML itself reads "--- {a: b}" as a document.
    const bool yaml_has_it = line.size() > 3 && kBlanks.contains(line[3]);
    start_ = at + (refused && yaml_has_it ? 0 : line.size());
    start_line_ = number;
    refused_ = refused ? std::move(refused) : directives_only ? directive_ : std::nullopt;
    directive_.reset();
  }

  // False: it has no content.
  bool close(std::size_t end) {
    const std::string_view part = text_.substr(start_, end - start_);
    if (!has_content(part)) return false;
    documents_.push_back({.text = part, .first_line = start_line_, .refused = std::move(refused_)});
    return true;
  }

  std::string_view text_;
  std::vector<DocumentText> documents_;
  std::size_t start_{};
  unsigned start_line_{1};
  std::optional<Complaint> refused_;    // of the open document
  std::optional<Complaint> directive_;  // seen in it
};

}  // namespace

std::vector<DocumentText> split_documents(std::string_view text) {
  return DocumentSplitter(text).split();
}

unsigned placeholder_line(const DocumentText& document, unsigned line) {
  unsigned found = 0;
  for_each_line(document.text, document.first_line, [&](std::string_view content, unsigned number) {
    const std::string_view trimmed = trim(content);
    const bool indented = !content.starts_with("...");  // unindented, it ends a document
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
