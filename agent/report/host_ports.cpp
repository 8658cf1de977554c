#include "agent/report/host_ports.h"

#include <algorithm>
#include <map>
#include <utility>

namespace hostnet {

std::vector<HostPort> host_ports(const Report& report, const PortFilter& filter) {
  std::map<std::pair<std::uint16_t, Protocol>, HostPort> by_port;
  const auto wanted = [&filter](std::uint16_t port, Protocol protocol) {
    return filter.port.value_or(port) == port && filter.protocol.value_or(protocol) == protocol;
  };
  const auto entry = [&by_port](std::uint16_t port, Protocol protocol) -> HostPort& {
    auto& found = by_port[{port, protocol}];
    found.port = port;
    found.protocol = protocol;
    return found;
  };

  if (report.table) {
    for (const auto& holder : report.table->holders) {
      const auto& socket = holder.socket;
      if (!wanted(socket.local_port, socket.protocol)) continue;
      entry(socket.local_port, socket.protocol).holders.push_back(&holder);
    }
  }
  for (const auto& declared : report.declared) {
    if (!wanted(declared.port, declared.protocol)) continue;
    entry(declared.port, declared.protocol).declared_by.push_back(&declared);
  }
  for (const auto& finding : report.findings) {
    if (finding.ignored || !finding.port || !finding.protocol) continue;
    const auto found = by_port.find({*finding.port, *finding.protocol});
    if (found == by_port.end()) continue;
    auto& verdicts = found->second.findings;
    if (std::ranges::find(verdicts, finding.verdict) == verdicts.end()) {
      verdicts.push_back(finding.verdict);
    }
  }

  std::vector<HostPort> ports;
  ports.reserve(by_port.size());
  for (auto& [key, port] : by_port) ports.push_back(std::move(port));
  return ports;
}

}  // namespace hostnet
