#include "netlink/base/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <utility>

#include "netlink/base/ascii.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

// Parses exactly `count` digits at `at` and advances it.
std::optional<int> take_digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int number{};
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  at += count;
  return number;
}

bool take_char(std::string_view text, std::size_t& at, std::string_view any_of) {
  if (at >= text.size() || any_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

std::optional<std::chrono::milliseconds> take_fraction(std::string_view text, std::size_t& at) {
  int milliseconds = 0;
  int scale = 100;
  const std::size_t start = at;
  for (; at < text.size() && is_digit(text[at]); ++at, scale /= 10) {
    milliseconds += (text[at] - '0') * scale;
  }
  if (at == start) return std::nullopt;
  return std::chrono::milliseconds(milliseconds);
}

std::optional<std::chrono::minutes> take_offset(std::string_view text, std::size_t& at) {
  if (take_char(text, at, "Zz")) return std::chrono::minutes(0);
  if (at >= text.size()) return std::nullopt;
  const bool west = text[at] == '-';
  if (!take_char(text, at, "+-")) return std::nullopt;
  const auto hours = take_digits(text, at, 2);
  if (!hours || !take_char(text, at, ":")) return std::nullopt;
  const auto minutes = take_digits(text, at, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return west ? -offset : offset;
}

using namespace std::chrono_literals;

constexpr std::int64_t kLongestDuration = 1'000'000'000'000'000'000;  // nanoseconds

constexpr std::array<std::pair<std::string_view, std::chrono::nanoseconds>, 8> kUnits{
    {{"ns", 1ns},
     {"us", 1us},
     {"\u00B5s", 1us},  // the micro sign
     {"\u03BCs", 1us},  // the Greek letter
     {"ms", 1ms},
     {"s", 1s},
     {"m", 1min},
     {"h", 1h}}};

// The digits after the point as a fraction of `unit`; truncated below a nanosecond.
std::int64_t fraction_of(std::int64_t unit, std::string_view digits) {
  std::int64_t total = 0;
  for (const char digit : digits) {
    unit /= 10;
    total += unit * (digit - '0');
  }
  return total;
}

// Takes one number with its unit.
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
  if (!count || *count > kLongestDuration / size) return std::nullopt;
  return *count * size + fraction_of(size, fraction);
}

}  // namespace

std::string rfc3339(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto rest = duration_cast<milliseconds>(time - day).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     rest / 3'600'000, rest / 60'000 % 60, rest / 1'000 % 60, rest % 1'000);
}

std::string age(std::chrono::milliseconds duration) {
  const auto seconds = std::max<std::int64_t>(duration.count() / 1'000, 0);
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3'600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{}m", seconds / 3'600, seconds / 60 % 60);
  return fmt::format("{}d{}h", seconds / 86'400, seconds / 3'600 % 24);
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const auto year = take_digits(text, at, 4);
  if (!year || !take_char(text, at, "-")) return std::nullopt;
  const auto month = take_digits(text, at, 2);
  if (!month || !take_char(text, at, "-")) return std::nullopt;
  const auto day = take_digits(text, at, 2);
  if (!day || !take_char(text, at, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, at, 2);
  if (!hour || !take_char(text, at, ":")) return std::nullopt;
  const auto minute = take_digits(text, at, 2);
  if (!minute || !take_char(text, at, ":")) return std::nullopt;
  const auto second = take_digits(text, at, 2);
  if (!second) return std::nullopt;
  std::chrono::milliseconds fraction{0};
  if (take_char(text, at, ".")) {
    const auto taken = take_fraction(text, at);
    if (!taken) return std::nullopt;
    fraction = *taken;
  }
  const auto offset = take_offset(text, at);
  if (!offset || at != text.size()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                  std::chrono::minutes(*minute) + std::chrono::seconds(*second) + fraction -
                  *offset);
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  if (text == "0") return 0ns;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || *part > kLongestDuration - total) return std::nullopt;
    total += *part;
  }
  return std::chrono::nanoseconds(total);
}

}  // namespace hostnet
