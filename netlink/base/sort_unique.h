#pragma once

#include <algorithm>

namespace hostnet {

// Sorts and removes duplicates.
template <class Container>
void sort_unique(Container& items) {
  std::ranges::sort(items);
  const auto repeated = std::ranges::unique(items);
  items.erase(repeated.begin(), repeated.end());
}

}  // namespace hostnet
