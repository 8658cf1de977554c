#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

namespace hostnet {

// std::ranges::contains, which not every supported standard library has.
template <std::ranges::input_range Range, class Value, class Projection = std::identity>
  requires std::indirect_binary_predicate<
      std::ranges::equal_to, std::projected<std::ranges::iterator_t<Range>, Projection>,
      const Value*>
constexpr bool contains(Range&& items, const Value& value, Projection projection = {}) {
  return std::ranges::find(items, value, projection) != std::ranges::end(items);
}

// Appends the value unless the list has it.
template <class List>
void add_once(List& list, typename List::value_type value) {
  if (!contains(list, value)) list.push_back(std::move(value));
}

// Sorts and removes duplicates.
template <class Container>
void sort_unique(Container& items) {
  std::ranges::sort(items);
  const auto repeated = std::ranges::unique(items);
  items.erase(repeated.begin(), repeated.end());
}

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
