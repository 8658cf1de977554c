#include <chrono>

#include "netlink/base/times.h"

namespace hostnet {
namespace {

// Digits at `at`, exactly `count`; advances.
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
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
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

}  // namespace

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

}  // namespace hostnet
