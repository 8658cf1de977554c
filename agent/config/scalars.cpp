#include "agent/config/scalars.h"

#include <charconv>
#include <optional>

#include "agent/document/fields.h"

namespace hostnet {
namespace {

constexpr std::int64_t kLongestGrace = 86'400;  // 24 h, in seconds

// Digits only: no sign, no blanks, no "0x".
std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  if (text.empty() || text.size() > 9) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text.front() != '-' ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> seconds_in(char unit) {
  switch (unit) {
    case 's': return 1;
    case 'm': return 60;
    case 'h': return 3600;
    default: return std::nullopt;
  }
}

}  // namespace

std::expected<std::uint16_t, std::string> config_port(std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number < 1 || *number > 65535) {
    return std::unexpected(shown_text(text) + " is not a port (1 to 65535)");
  }
  return static_cast<std::uint16_t>(*number);
}

std::expected<PortRange, std::string> config_ports(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = config_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : config_port(text.substr(dash + 1));
  if (!first || !last) {
    return std::unexpected(shown_text(text) +
                           " is neither a port (1 to 65535) nor a range like 30000-32767");
  }
  if (*first > *last) {
    return std::unexpected("the range " + shown_text(text) + " ends before it begins");
  }
  return PortRange{*first, *last};
}

std::expected<Protocol, std::string> config_protocol(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const auto protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    if (lower == to_string(protocol)) return protocol;
  }
  return std::unexpected(shown_text(text) + " is not one of tcp, udp, sctp");
}

std::expected<std::chrono::seconds, std::string> config_duration(std::string_view text) {
  const auto wrong = [text] {
    return std::unexpected(shown_text(text) +
                           " is not a duration like 30s, 5m or 1h30m, up to 24 hours");
  };
  std::int64_t total = 0;
  if (const auto number = whole_number(text)) {
    total = *number;
  } else {
    std::int64_t last_unit = kLongestGrace;
    std::string_view rest = text;
    if (rest.empty()) return wrong();
    while (!rest.empty()) {
      const auto digits = rest.find_first_not_of("0123456789");
      if (digits == std::string_view::npos) return wrong();
      const auto count = whole_number(rest.substr(0, digits));
      const auto unit = seconds_in(rest[digits]);
      if (!count || !unit || *unit >= last_unit) return wrong();  // each unit once, largest first
      last_unit = *unit;
      total += *count * *unit;
      rest.remove_prefix(digits + 1);
    }
  }
  if (total > kLongestGrace) return wrong();
  return std::chrono::seconds{total};
}

}  // namespace hostnet
