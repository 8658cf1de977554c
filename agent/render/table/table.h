#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/render/table/text_style.h"

namespace hostnet {

// A table for a terminal: a header row, columns aligned by two spaces, no cell
// cut. Cells are made safe (escape.h: terminal_text) when they are added, so no
// name of a process or a pod can write outside its cell. An empty cell is
// printed as "-", so that every row has the same number of fields.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header);
  // A row shorter than the header is filled, a longer one is cut.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.size() <= 1; }
  // Every line ends with a newline and has no trailing spaces. With a width, a
  // wider row is folded inside its columns; if they would be too narrow to read,
  // each row becomes a block: its first cells, and below them the others, one per
  // line with the column's name.
  std::string text(const TextStyle& style = {}) const;
  // Blocks, whatever the width.
  std::string blocks(const TextStyle& style) const;

 private:
  using Row = std::vector<std::string>;
  std::vector<std::size_t> natural_widths() const;
  std::vector<std::size_t> narrowed(std::vector<std::size_t> widths, std::size_t width) const;
  std::string rows_in(const std::vector<std::size_t>& widths, const TextStyle& style) const;
  std::string painted(std::size_t column, bool header, const std::string& cell,
                      std::string_view line, const TextStyle& style) const;

  std::vector<Row> rows_;  // the first is the header
};

}  // namespace hostnet
