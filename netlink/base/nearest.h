#pragma once

#include <span>
#include <string_view>

namespace hostnet {

// The candidate that `word` was most likely meant to be (fewest insertions,
// deletions, replacements and swaps of neighbours), or "" when none is close: more
// than a third of the word would have to change. `word` may be anything; only its
// first 64 bytes count.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace hostnet
