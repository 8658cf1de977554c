#include "agent/render/table/table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <utility>

#include "agent/render/table/fold.h"
#include "netlink/base/escape.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kGap = 2;
// Only longer words are broken: narrower columns would be hard to read.
constexpr std::size_t kLongestWord = 24;
constexpr std::size_t kMostInTitle = 3;

std::size_t longest_word(std::string_view text) {
  std::size_t longest = 0;
  while (!text.empty()) longest = std::max(longest, display_width(take_until(text, ' ')));
  return longest;
}

std::size_t total_of(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
}

struct Paint {
  std::string_view word, code;
};
// Keyed by the first word of a cell; painted columns contain no names of processes or pods.
constexpr std::array<Paint, 14> kPaints{{{"critical", "1;31"},
                                         {"warning", "33"},
                                         {"info", "2"},
                                         {"ok", "32"},
                                         {"note", "36"},
                                         {"limited", "33"},
                                         {"bad", "1;31"},
                                         {"free", "32"},
                                         {"in_use", "1;31"},
                                         {"diverted", "33"},
                                         {"filtered", "33"},
                                         {"no_such_address", "1;31"},
                                         {"yes", "32"},
                                         {"no", "1;31"}}};
constexpr std::array<std::string_view, 4> kPaintedColumns{"SEVERITY", "IS", "VERDICT", "BINDABLE"};

std::string_view paint_of(std::string_view header, std::string_view cell) {
  if (!contains(kPaintedColumns, header)) return {};
  const std::string_view word = take_word(cell);
  const auto* const paint = std::ranges::find(kPaints, word, &Paint::word);
  return paint == kPaints.end() ? std::string_view{} : paint->code;
}

std::string in_code(std::string_view code, std::string_view text) {
  if (code.empty() || text.empty()) return std::string(text);
  std::string out = "\x1b[";
  return out.append(code).append("m").append(text).append("\x1b[0m");
}

}  // namespace

TextTable::TextTable(std::vector<std::string> header) {
  rows_.push_back(std::move(header));
}

void TextTable::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  for (auto& cell : row) cell = cell.empty() ? "-" : terminal_text(cell);
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> TextTable::natural_widths() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  return widths;
}

// The widest columns shrink first, down to what their words need. Empty: they
// cannot be that narrow.
std::vector<std::size_t> TextTable::narrowed(std::vector<std::size_t> widths,
                                             std::size_t width) const {
  std::vector<std::size_t> least(widths.size());
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      least[i] = std::max(least[i], std::min(longest_word(row[i]), kLongestWord));
    }
  }
  if (total_of(least) > width) return {};
  for (std::size_t total = total_of(widths); total > width; --total) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] <= least[i]) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    --widths[widest];
  }
  return widths;
}

std::string TextTable::painted(std::size_t column, bool header, const std::string& cell,
                               std::string_view line, const TextStyle& style) const {
  if (!style.color) return std::string(line);
  return in_code(header ? "1" : paint_of(rows_.front()[column], cell), line);
}

std::string TextTable::rows_in(const std::vector<std::size_t>& widths,
                               const TextStyle& style) const {
  std::string out;
  for (const Row& row : rows_) {
    const bool header = &row == rows_.data();
    std::vector<std::vector<std::string>> cells;
    std::size_t lines = 1;
    for (std::size_t i = 0; i < row.size(); ++i) {
      cells.push_back(display_width(row[i]) <= widths[i] ? std::vector{row[i]}
                                                         : fold(row[i], widths[i]));
      lines = std::max(lines, cells.back().size());
    }
    for (std::size_t at = 0; at < lines; ++at) {
      std::string line;
      std::size_t owed = 0;  // blanks, only where something follows them
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string text = at < cells[i].size() ? cells[i][at] : "";
        if (!text.empty()) {
          line.append(owed, ' ');
          line += painted(i, header, row[i], text, style);
          owed = 0;
        }
        owed += widths[i] - std::min(widths[i], display_width(text)) + kGap;
      }
      out += line + '\n';
    }
  }
  return out;
}

std::string TextTable::text(const TextStyle& style) const {
  auto widths = natural_widths();
  if (style.width > 0 && !style.wide && total_of(widths) > style.width) {
    widths = narrowed(std::move(widths), style.width);
    if (widths.empty()) return blocks(style);
  }
  return rows_in(widths, style);
}

std::string TextTable::blocks(const TextStyle& style) const {
  const Row& header = rows_.front();
  std::size_t label = 0;
  for (const std::string& name : header) label = std::max(label, display_width(name));
  const std::size_t indent = kGap + label + kGap;
  std::string out;
  for (std::size_t at = 1; at < rows_.size(); ++at) {
    const Row& row = rows_[at];
    std::string title = painted(0, true, row[0], row[0], style);
    std::size_t used = display_width(row[0]);
    std::size_t next = 1;
    while (next < row.size() && next < kMostInTitle &&
           used + kGap + display_width(row[next]) <= style.width) {
      title += "  " + painted(next, false, row[next], row[next], style);
      used += kGap + display_width(row[next++]);
    }
    out += title + '\n';
    for (; next < row.size(); ++next) {
      if (row[next] == "-") continue;
      const std::size_t room = style.width > indent ? style.width - indent : 0;
      const auto lines = room == 0 ? std::vector{row[next]} : fold(row[next], room);
      std::string before = "  " + header[next];
      before.append(indent - display_width(before), ' ');
      for (const std::string& line : lines) {
        out += before + painted(next, false, row[next], line, style) + '\n';
        before.assign(indent, ' ');
      }
    }
  }
  return out;
}

}  // namespace hostnet
