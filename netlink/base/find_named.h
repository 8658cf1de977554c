#pragma once

#include <optional>
#include <ranges>
#include <string_view>

namespace hostnet {

// The one of an enum's `values` that to_string() calls `name`; unset if none.
template <std::ranges::range Values>
auto find_named(const Values& values, std::string_view name)
    -> std::optional<std::ranges::range_value_t<Values>> {
  for (const auto value : values) {
    if (to_string(value) == name) return value;
  }
  return std::nullopt;
}

}  // namespace hostnet
