#include "agent/document/flow_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace hostnet {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view without_blanks_behind(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// "key: |", "- >-2": the following lines with more indentation are text.
bool begins_block_scalar(std::string_view line) {
  line = without_blanks_behind(line);
  while (!line.empty() &&
         (line.back() == '+' || line.back() == '-' || (line.back() >= '1' && line.back() <= '9'))) {
    line.remove_suffix(1);
  }
  if (line.empty() || (line.back() != '|' && line.back() != '>')) return false;
  line.remove_suffix(1);
  return line.empty() || is_blank(line.back());
}

class FlowMeter {
 public:
  explicit FlowMeter(unsigned first_line) : line_number_(first_line) {}

  std::optional<Complaint> take(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      if (auto complaint = take_line(text.substr(0, end))) return complaint;
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line_number_;
    }
    return std::nullopt;
  }

 private:
  std::optional<Complaint> take_line(std::string_view line) {
    const auto indent = line.find_first_not_of(' ');
    if (is_refused_tab(line)) {
      return Complaint{.line = line_number_, .message = "YAML: a tab where spaces must be"};
    }
    if (without_blanks_behind(line).empty()) return std::nullopt;
    if (scalar_indent_ && indent > *scalar_indent_) return std::nullopt;
    scalar_indent_.reset();
    if (depth_ == 0) token_begins_ = true;
    std::size_t at = 0;
    while (at < line.size()) {
      const bool after_blank = at == 0 || is_blank(line[at - 1]);
      if (quote_ == 0 && line[at] == '#' && after_blank) break;
      if (depth_ > 0 && ++flow_bytes_ > kMaxFlowBytes) return too_long();
      if (auto complaint = take_char(line[at], after_blank)) return complaint;
      const bool escapes = quote_ == '"' && line[at] == '\\';
      at += escapes ? std::size_t{2} : std::size_t{1};
    }
    end_line(without_blanks_behind(line.substr(0, at)), indent);
    return std::nullopt;
  }

  void end_line(std::string_view content, std::size_t indent) {
    if (content.empty()) return;
    value_ended_ = std::string_view(":]}\"'").contains(content.back());
    if (depth_ == 0 && quote_ == 0 && begins_block_scalar(content)) scalar_indent_ = indent;
  }

  // Kubernetes' parser refuses tabs where a token may begin, ours accepts some. A tab is fine only
  // where the text before it (a plain scalar) may continue.
  bool is_refused_tab(std::string_view line) const {
    const std::string_view blanks = line.substr(0, line.find_first_not_of(" \t\r"));
    return blanks.contains('\t') && depth_ == 0 && quote_ == 0 && !scalar_indent_ && value_ended_;
  }

  std::optional<Complaint> take_char(char c, bool after_blank) {
    if (quote_ != 0) {
      if (c == quote_) quote_ = 0;
      return std::nullopt;
    }
    // "- [" and "a: [" open a collection, "a-[" and "a:[" do not.
    const bool begins = token_begins_ && (after_blank || depth_ > 0);
    if (is_blank(c)) {
      in_property_ = false;
    } else if (in_property_ || (begins && (c == '&' || c == '!'))) {
      in_property_ = true;  // an anchor or a tag: its value follows
    } else {
      token_begins_ = std::string_view(":-,[{?").contains(c);
      if (begins && (c == '"' || c == '\'')) quote_ = c;
      return take_bracket(c, begins);
    }
    return std::nullopt;
  }

  std::optional<Complaint> take_bracket(char c, bool begins) {
    if ((c == '[' || c == '{') && (depth_ > 0 || begins)) {
      if (++depth_ > kMaxDocumentDepth) return too_deep();
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      if (--depth_ == 0) flow_bytes_ = 0;
    }
    return std::nullopt;
  }

  std::optional<Complaint> too_deep() const {
    return Complaint{.line = line_number_,
                     .message = fmt::format("nested deeper than {} levels", kMaxDocumentDepth)};
  }
  std::optional<Complaint> too_long() const {
    return Complaint{.line = line_number_,
                     .message = fmt::format("more than {} KiB in brackets: write it in lines, or "
                                            "all of it as JSON",
                                            kMaxFlowBytes >> 10)};
  }

  unsigned line_number_;
  std::size_t depth_{};
  std::size_t flow_bytes_{};
  char quote_{};  // of the open quoted text; 0: none
  bool token_begins_{true};
  bool in_property_{};
  bool value_ended_{true};                    // the text before cannot continue on the next line
  std::optional<std::size_t> scalar_indent_;  // of the line that a block scalar belongs to
};

}  // namespace

std::optional<Complaint> flow_past_limits(std::string_view text, unsigned first_line) {
  return FlowMeter(first_line).take(text);
}

}  // namespace hostnet
