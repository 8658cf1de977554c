#include "agent/ports/parse_port.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/ports/protocols.h"
#include "netlink/base/text.h"

namespace hostnet {

std::expected<PortAndProtocol, std::string> parse_port(std::string_view text) {
  const bool names_protocol = text.contains('/');
  const std::string_view digits = take_until(text, '/');
  const auto port = parse_number<std::uint16_t>(digits);
  if (!port || *port == 0) {
    return std::unexpected(fmt::format("'{}' is not a port from 1 to 65535", digits));
  }
  PortAndProtocol result{.port = *port};
  if (!names_protocol) return result;
  // Case-insensitive: manifests write TCP.
  const auto* const protocol = std::ranges::find_if(kProtocols, [&](Protocol candidate) {
    return equals_ignoring_case(to_string(candidate), text);
  });
  if (protocol == kProtocols.end()) {
    return std::unexpected(fmt::format("'{}' is none of tcp, udp, sctp", text));
  }
  result.protocol = *protocol;
  return result;
}

}  // namespace hostnet
