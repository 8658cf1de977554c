#pragma once

#include <cstddef>

namespace hostnet {

// For whom text is written. As it is by default, for files, pipes and HTTP: one
// row per line, never folded, no colour.
struct TextStyle {
  std::size_t width{};  // columns to fold to; 0: none
  bool color{};
  bool wide{};   // more columns, never folded
  bool names{};  // only the name of what each row is about
  bool operator==(const TextStyle&) const = default;
};

}  // namespace hostnet
