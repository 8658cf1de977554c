#include "collectors/framework/metric_name.h"

#include <algorithm>

namespace hostnet {
namespace {

constexpr bool begins_name(char c) {
  return is_name_character(c) && (c < '0' || c > '9');
}

}  // namespace

bool is_metric_name(std::string_view name) {
  const auto part = [](char c) { return is_name_character(c) || c == ':'; };
  return !name.empty() && (begins_name(name[0]) || name[0] == ':') &&
         std::ranges::all_of(name, part);
}

bool is_label_name(std::string_view name) {
  return !name.empty() && begins_name(name[0]) && std::ranges::all_of(name, is_name_character);
}

std::string sanitized_name(std::string_view text) {
  std::string name;
  const auto run = [&](std::size_t from, auto&& belongs) {
    while (from < text.size() && belongs(text[from])) ++from;
    return from;
  };
  const auto is_underscore = [](char c) { return c == '_'; };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t marks = run(at, is_underscore);
    const std::size_t end = run(marks, [](char c) { return !is_name_character(c); });
    if (end > marks) {
      name += '_';
      at = run(end, is_underscore);
    } else {
      const std::size_t next = std::max(marks, at + 1);
      name += text.substr(at, next - at);
      at = next;
    }
  }
  return name;
}

}  // namespace hostnet
