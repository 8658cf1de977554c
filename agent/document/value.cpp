#include "agent/document/value.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace hostnet {
namespace {

bool is_number_like(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
      text == ".NAN") {
    return true;
  }
  const bool digits = text.front() >= '0' && text.front() <= '9';
  const bool fraction = text.front() == '.' && text.size() > 1 && text[1] >= '0' && text[1] <= '9';
  if (!digits && !fraction) return false;
  double number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return (error == std::errc{} || error == std::errc::result_out_of_range) &&
         end == text.data() + text.size();
}

}  // namespace

const Member* Value::member(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &*found;
}

const Value* Value::find(std::string_view key) const {
  const Member* found = member(key);
  return found == nullptr || found->value.is_null() ? nullptr : &found->value;
}

std::optional<bool> Value::boolean() const {
  static constexpr std::array<std::string_view, 11> kTrue{
      "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"};
  static constexpr std::array<std::string_view, 11> kFalse{
      "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"};
  if (!is_scalar() || !plain) return std::nullopt;
  if (std::ranges::find(kTrue, text) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, text) != kFalse.end()) return false;
  return std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
  if (!is_scalar() || !plain || text.empty()) return std::nullopt;
  std::string_view digits = text;
  const bool negative = digits.front() == '-';
  if (negative || digits.front() == '+') digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
    digits.remove_prefix(2);
  } else if (digits.starts_with("0o")) {
    base = 8;
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
    digits.remove_prefix(1);
  }
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  std::int64_t number{};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return negative ? -number : number;
}

std::optional<std::string> Value::string() const {
  if (!is_scalar()) return std::nullopt;
  if (plain && (boolean() || integer() || is_number_like(text))) return std::nullopt;
  return text;
}

std::string_view Value::what() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::list: return "a list";
    case Kind::map: return "a mapping";
    case Kind::scalar: break;
  }
  if (boolean()) return "a boolean";
  return string() ? "text" : "a number";
}

}  // namespace hostnet
