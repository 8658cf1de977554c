#include "agent/verdicts/listing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hostnet {

std::string and_more(std::size_t count) {
  return count == 0 ? "" : fmt::format(" and {} more", count);
}

std::string listing(std::span<const std::string> items, std::size_t most,
                    std::string_view separator) {
  const auto shown = items.first(std::min(items.size(), most));
  return fmt::format("{}{}", fmt::join(shown, separator), and_more(items.size() - shown.size()));
}

}  // namespace hostnet
