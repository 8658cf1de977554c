#pragma once

#include <cstddef>

namespace hostnet {

// The style of text. The default is meant for files, pipes and HTTP: one row per
// line, never folded, no colour.
struct TextStyle {
  std::size_t width{};  // columns to fold to; 0: none
  bool color{};
  bool wide{};   // more columns, never folded
  bool names{};  // only the name of each row's subject
  bool operator==(const TextStyle&) const = default;
};

}  // namespace hostnet
