#include "agent/document/value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "netlink/base/ascii.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

// Kubernetes' parser (yaml.v2) removes "_" from texts that start like a number: 8_080.
std::string without_underscores(std::string_view text) {
  std::string_view digits = text;
  take_sign(digits);
  std::string plain(text);
  if (!digits.empty() && is_digit(digits.front())) std::erase(plain, '_');
  return plain;
}

// Like Go's strconv.ParseInt with base 0: 0x, 0o and 0b, a leading zero for octal.
std::optional<std::int64_t> go_integer(std::string_view digits) {
  struct Prefix {
    std::string_view text;
    int base;
  };
  static constexpr std::array<Prefix, 7> kPrefixes{
      {{"0x", 16}, {"0X", 16}, {"0o", 8}, {"0O", 8}, {"0b", 2}, {"0B", 2}, {"0", 8}}};
  const bool negative = take_sign(digits);
  int base = 10;
  for (const Prefix& prefix : kPrefixes) {
    if (digits.size() == 1 || !digits.starts_with(prefix.text)) continue;
    base = prefix.base;
    digits.remove_prefix(prefix.text.size());
    break;
  }
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  std::int64_t number{};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return negative ? -number : number;
}

enum class FloatError { none, not_a_float, out_of_range };

FloatError read_float(std::string_view text, double& number) {
  const bool negative = take_sign(text);
  const bool fraction = text.size() > 1 && text.front() == '.' && is_digit(text[1]);
  if (text.empty() || (!is_digit(text.front()) && !fraction)) return FloatError::not_a_float;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return FloatError::not_a_float;
  if (error == std::errc::result_out_of_range) return FloatError::out_of_range;
  if (negative) number = -number;
  return error == std::errc{} ? FloatError::none : FloatError::not_a_float;
}

// In JSON 8080.0 is written as 8080; a decimal "08080" is a float, too, if octal fails.
std::optional<std::int64_t> whole_float(std::string_view text) {
  constexpr double kMost = 1e15;  // exact, and written without an exponent
  double number{};
  if (read_float(text, number) != FloatError::none) return std::nullopt;
  if (std::abs(number) > kMost || std::trunc(number) != number) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

bool is_number_like(std::string_view text) {
  double number{};
  if (read_float(text, number) != FloatError::not_a_float) return true;
  take_sign(text);
  return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
         text == ".NAN";
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
  if (contains(kTrue, text)) return true;
  if (contains(kFalse, text)) return false;
  return std::nullopt;
}

std::optional<std::int64_t> Value::integer() const {
  if (!is_scalar() || !plain) return std::nullopt;
  const std::string number = without_underscores(text);
  const auto integer = go_integer(number);
  return integer ? integer : whole_float(number);
}

std::optional<std::string> Value::string() const {
  if (!is_scalar()) return std::nullopt;
  if (plain && (boolean() || integer() || is_number_like(without_underscores(text)))) {
    return std::nullopt;
  }
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
