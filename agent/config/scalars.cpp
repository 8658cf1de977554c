#include "agent/config/scalars.h"

#include <algorithm>
#include <optional>

#include "agent/document/fields.h"
#include "agent/ports/protocols.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

constexpr std::chrono::hours kLongestGrace{24};

// Digits only: no sign, no blanks, no "0x".
std::optional<std::int64_t> whole_number(std::string_view text) {
  const auto number = parse_number<std::uint32_t>(text);
  return number ? std::optional<std::int64_t>(*number) : std::nullopt;
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
  std::ranges::transform(lower, lower.begin(), ascii_lower);
  if (const auto protocol = find_named(kProtocols, lower)) return *protocol;
  return std::unexpected(shown_text(text) + " is not one of tcp, udp, sctp");
}

std::expected<std::chrono::seconds, std::string> config_duration(std::string_view text) {
  const auto wrong = [text] {
    return std::unexpected(shown_text(text) +
                           " is not a duration like 30s, 5m or 1h30m, up to 24 hours");
  };
  std::chrono::nanoseconds total{};
  if (const auto number = whole_number(text)) {
    total = std::chrono::seconds(*number);
  } else if (const auto duration = parse_duration(text)) {
    total = *duration;
  } else {
    return wrong();
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(total);
  if (total > kLongestGrace || total != seconds) return wrong();
  return seconds;
}

}  // namespace hostnet
