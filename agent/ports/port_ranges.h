#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/verdicts/problem.h"
#include "netlink/base/error.h"
#include "netlink/node/files.h"

namespace hostnet {

struct PortRange {
  std::uint16_t first{}, last{};  // inclusive
  bool contains(unsigned port) const { return port >= first && port <= last; }
  auto operator<=>(const PortRange&) const = default;
};

// The kernel's port ranges (net.ipv4.ip_local_port_range and
// ip_local_reserved_ports; they govern IPv6 too).
struct PortRanges {
  PortRange ephemeral{32768, 60999};
  std::vector<PortRange> reserved;
  std::uint16_t unprivileged_start{1024};  // net.ipv4.ip_unprivileged_port_start
  bool operator==(const PortRanges&) const = default;
};

// net.ipv4.ip_local_port_range: two numbers, "32768\t60999"
// (Documentation/networking/ip-sysctl.rst).
Result<PortRange> parse_port_range(std::string_view text);

// net.ipv4.ip_local_reserved_ports: "8080,9148-9150", in the kernel's order; an empty line means no
// ranges.
Result<std::vector<PortRange>> parse_port_list(std::string_view text);

// The same as text: sorted, overlapping and adjacent ranges merged.
std::string port_list(std::vector<PortRange> ranges);

// The ranges of the network namespace that procfs shows. Unreadable or malformed values keep the
// kernel's default and are reported as problems.
PortRanges read_port_ranges(const Files& files, std::vector<Problem>& problems);

}  // namespace hostnet
