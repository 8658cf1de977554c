#include "netlink/base/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kLongest = 1'000'000'000'000'000'000;  // nanoseconds

constexpr std::array<std::pair<std::string_view, std::chrono::nanoseconds>, 8> kUnits{
    {{"ns", 1ns},
     {"us", 1us},
     {"\u00B5s", 1us},  // the micro sign
     {"\u03BCs", 1us},  // the Greek letter
     {"ms", 1ms},
     {"s", 1s},
     {"m", 1min},
     {"h", 1h}}};

// The digits after a point, as a part of `unit`; below a nanosecond they are cut.
std::int64_t fraction_of(std::int64_t unit, std::string_view digits) {
  std::int64_t total = 0;
  for (const char digit : digits) {
    unit /= 10;
    total += unit * (digit - '0');
  }
  return total;
}

// Takes one number and its unit.
std::optional<std::int64_t> take_part(std::string_view& text) {
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789."));
  text.remove_prefix(number.size());
  const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
  text.remove_prefix(name.size());
  const auto* const unit = std::ranges::find(kUnits, name, [](const auto& u) { return u.first; });
  std::string_view fraction = number;
  const std::string_view whole = take_until(fraction, '.');
  if (unit == kUnits.end() || fraction.contains('.') || (whole.empty() && fraction.empty())) {
    return std::nullopt;
  }
  const auto count = whole.empty() ? 0 : parse_number<std::int64_t>(whole);
  const std::int64_t size = unit->second.count();
  if (!count || *count > kLongest / size) return std::nullopt;
  return *count * size + fraction_of(size, fraction);
}

}  // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return 0ns;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || *part > kLongest - total) return std::nullopt;
    total += *part;
  }
  return std::chrono::nanoseconds(total);
}

}  // namespace hostnet
