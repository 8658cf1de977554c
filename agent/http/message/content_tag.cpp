#include "agent/http/message/content_tag.h"

#include <fmt/format.h>

#include <array>
#include <functional>

#include "netlink/base/ascii.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

bool is_word(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
}

// The length of the age at the front of `rest`: "3m12s", "450ms"; 0 if there is none.
std::size_t age_at(std::string_view rest) {
  std::size_t at = 0;
  while (at < rest.size() && is_digit(rest[at])) {
    std::size_t unit = at;
    while (unit < rest.size() && is_digit(rest[unit])) ++unit;
    if (unit == rest.size()) return 0;
    if (rest.substr(unit, 2) == "ms") {
      at = unit + 2;
    } else if (std::string_view("smhd").contains(rest[unit])) {
      at = unit + 1;
    } else {
      return 0;
    }
  }
  const bool ends = at == rest.size() || !is_word(rest[at]);
  return ends ? at : 0;
}

// The length of the JSON member at the front of `rest` that only says a time; 0 if none is.
std::size_t time_member_at(std::string_view rest) {
  constexpr std::array<std::string_view, 2> kMembers{"\"generated_at\":", "\"expires_ms\":"};
  for (const std::string_view member : kMembers) {
    if (rest.starts_with(member)) return rest.find_first_of(",}", member.size());
  }
  return 0;
}

}  // namespace

std::string without_times(std::string_view answer) {
  std::string out;
  out.reserve(answer.size());
  bool in_word = false;
  for (std::size_t at = 0; at < answer.size();) {
    const std::string_view rest = answer.substr(at);
    std::size_t skip = 0;
    if (rest.front() == '"') {
      skip = time_member_at(rest);
    } else if (!in_word && is_digit(rest.front())) {
      skip = age_at(rest);
    }
    if (skip > 0 && skip != std::string_view::npos) {
      at += skip;
      in_word = false;
      continue;
    }
    in_word = is_word(rest.front());
    out += rest.front();
    ++at;
  }
  return out;
}

std::string content_tag(std::string_view answer) {
  return fmt::format("W/\"{:016x}\"", std::hash<std::string>()(without_times(answer)));
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  const auto opaque = [](std::string_view text) {
    return text.starts_with("W/") ? text.substr(2) : text;
  };
  while (!if_none_match.empty()) {
    const std::string_view named = trim(take_until(if_none_match, ','));
    if (named == "*" || opaque(named) == opaque(tag)) return true;
  }
  return false;
}

}  // namespace hostnet
