#pragma once

#include <string>
#include <vector>

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
  // Every line ends with a newline and has no spaces before it.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the first is the header
};

}  // namespace hostnet
