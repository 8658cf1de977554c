#pragma once

// Parsers for scalars in a configuration. Errors have only the reason; the caller adds file and
// line.

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "agent/ports/port_ranges.h"
#include "netlink/facts.h"

namespace hostnet {

// "8080"; 1 to 65535.
std::expected<std::uint16_t, std::string> config_port(std::string_view text);
// "8080" or "30000-32767"; the first is at most the last.
std::expected<PortRange, std::string> config_ports(std::string_view text);
// "tcp", "udp", "sctp", in any case (Kubernetes writes TCP).
std::expected<Protocol, std::string> config_protocol(std::string_view text);
// "30" (seconds), "90s", "5m", "1h30m"; 0 to 24 hours.
std::expected<std::chrono::seconds, std::string> config_duration(std::string_view text);

}  // namespace hostnet
