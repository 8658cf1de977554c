#include "agent/ports/port_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::optional<PortRange> read_range(std::string_view first, std::string_view last) {
  const auto low = parse_number<std::uint16_t>(first);
  const auto high = parse_number<std::uint16_t>(last);
  if (!low || !high || *low > *high) return std::nullopt;
  return PortRange{*low, *high};
}

// Reads one sysctl into `value`; adds a problem on failure.
template <class Value>
void read_sysctl(const Files& files, std::string_view name,
                 Result<Value> (*parse)(std::string_view), Value& value,
                 std::vector<Problem>& problems) {
  std::string text;
  const auto done = files.read(fmt::format("proc/sys/net/ipv4/{}", name), text);
  auto parsed = done ? parse(text) : Result<Value>(std::unexpected(done.error()));
  if (parsed) {
    value = *std::move(parsed);
    return;
  }
  problems.push_back({.code = "port_ranges_unreadable",
                      .message = fmt::format("net.ipv4.{}: {}; the kernel's default is assumed",
                                             name, parsed.error().message),
                      .remedy = "make sys/net/ipv4 of --path.procfs readable"});
}

Result<std::uint16_t> parse_port_number(std::string_view text) {
  const auto port = parse_number<std::uint16_t>(trim(text));
  if (!port) return failure(Reason::malformed, fmt::format("not a port: '{}'", trim(text)));
  return *port;
}

}  // namespace

Result<PortRange> parse_port_range(std::string_view text) {
  const std::string_view line = trim(text);
  std::string_view rest = line;
  const std::string_view first = take_word(rest);
  const auto range = read_range(first, trim(rest));
  if (!range) return failure(Reason::malformed, fmt::format("not a range of ports: '{}'", line));
  return *range;
}

Result<std::vector<PortRange>> parse_port_list(std::string_view text) {
  std::vector<PortRange> ranges;
  std::string_view rest = trim(text);
  while (!rest.empty()) {
    const std::string_view item = trim(take_until(rest, ','));
    const std::size_t dash = item.find('-');
    const auto range = dash == std::string_view::npos
                           ? read_range(item, item)
                           : read_range(item.substr(0, dash), item.substr(dash + 1));
    if (!range) {
      return failure(Reason::malformed, fmt::format("not a port or range of ports: '{}'", item));
    }
    ranges.push_back(*range);
  }
  return ranges;
}

std::string port_list(std::vector<PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<PortRange> merged;
  for (const PortRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  std::string list;
  for (const auto& [first, last] : merged) {
    if (!list.empty()) list += ',';
    list += first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
  }
  return list;
}

PortRanges read_port_ranges(const Files& files, std::vector<Problem>& problems) {
  PortRanges ranges;
  read_sysctl(files, "ip_local_port_range", parse_port_range, ranges.ephemeral, problems);
  read_sysctl(files, "ip_local_reserved_ports", parse_port_list, ranges.reserved, problems);
  // Since Linux 4.11; before that the limit is 1024.
  if (files.exists("proc/sys/net/ipv4/ip_unprivileged_port_start")) {
    read_sysctl(files, "ip_unprivileged_port_start", parse_port_number, ranges.unprivileged_start,
                problems);
  }
  return ranges;
}

}  // namespace hostnet
