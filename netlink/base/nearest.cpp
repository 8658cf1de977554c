#include "netlink/base/nearest.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace hostnet {
namespace {

constexpr std::size_t kLongestWord = 64;
using Distances = std::array<std::size_t, kLongestWord + 1>;

// Damerau-Levenshtein distance (optimal string alignment), three rows at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  Distances before{}, last{}, row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last.at(j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row.at(0) = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last.at(j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      row.at(j) = std::min({last.at(j) + 1, row.at(j - 1) + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row.at(j) = std::min(row.at(j), before.at(j - 2) + 1);
    }
    before = last;
    last = row;
  }
  return last.at(b.size());
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  word = word.substr(0, kLongestWord);
  std::string_view best;
  std::size_t best_distance = word.size() / 3 + 2;
  for (const auto candidate : candidates) {
    const auto distance = edit_distance(word, candidate.substr(0, kLongestWord));
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace hostnet
