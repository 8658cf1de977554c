#include "agent/ports/owners/name_pattern.h"

#include <algorithm>
#include <cstddef>

#include "netlink/base/ascii.h"

namespace hostnet {
namespace {

constexpr std::size_t kContainerIdLength = 64;

}  // namespace

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_container_id(std::string_view text) {
  return text.size() == kContainerIdLength && std::ranges::all_of(text, is_lower_hex_digit);
}

bool matches_pattern(std::string_view pattern, std::string_view text, std::string_view& captured) {
  while (!pattern.empty()) {
    if (take_prefix(pattern, "{id}")) {
      const std::string_view id = text.substr(0, kContainerIdLength);
      if (!is_container_id(id)) return false;
      captured = id;
      text.remove_prefix(id.size());
      continue;
    }
    const bool named = take_prefix(pattern, "{name}");
    if (named || take_prefix(pattern, "*")) {
      for (std::size_t length = named ? 1 : 0; length <= text.size(); ++length) {
        if (!matches_pattern(pattern, text.substr(length), captured)) continue;
        if (named) captured = text.substr(0, length);
        return true;
      }
      return false;
    }
    if (!take_prefix(text, pattern.substr(0, 1))) return false;
    pattern.remove_prefix(1);
  }
  return text.empty();
}

}  // namespace hostnet
