#include "agent/render/host_ports.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace hostnet {
namespace {

using HostPortOf = std::function<HostPort&(std::uint16_t port, Protocol protocol)>;

void add_made(Holder holder, HostPort& port) {
  port.made.push_back(std::make_unique<const Holder>(std::move(holder)));
  port.holders.push_back(port.made.back().get());
}

void add_rule(const Report& report, const NatRule* rule, HostPort& port) {
  const PortSnapshot& table = *report.table;
  if (std::ranges::any_of(port.holders,
                          [&](const Holder* known) { return known->nat.get() == rule; })) {
    return;
  }
  add_made(holder_of_rule(table, *rule, port.protocol, port.port), port);
}

// The table has rules as holders only where somebody else has to do with the port.
void add_unlisted_rules(const Report& report, const PortFilter& filter, const HostPortOf& entry) {
  const NatRules& rules = *report.table->nat;
  if (filter.port) {
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
      if (filter.protocol.value_or(protocol) != protocol) continue;
      for (const NatRule* rule : rules.on_port(protocol, *filter.port)) {
        add_rule(report, rule, entry(*filter.port, protocol));
      }
    }
    return;
  }
  for (const NatRule& rule : rules.rules()) {
    const PortSpan& ports = rule.scope.ports;
    if (ports.last - ports.first >= static_cast<int>(NatRules::kMostListedPorts)) continue;
    if (!rule.scope.ip_protocol) continue;
    for (const Protocol protocol : protocols_of(rule)) {
      if (filter.protocol.value_or(protocol) != protocol) continue;
      for (unsigned port = ports.first; port <= ports.last; ++port) {
        const auto number = static_cast<std::uint16_t>(port);
        add_rule(report, &rule, entry(number, protocol));
      }
    }
  }
}

}  // namespace

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
  if (report.table && filter.port) {
    for (const Protocol protocol : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
      if (!wanted(*filter.port, protocol)) continue;
      for (Holder& holder : folded_on(report.table->folded, protocol, *filter.port)) {
        add_made(std::move(holder), entry(*filter.port, protocol));
      }
    }
  }
  if (report.table && report.table->nat) add_unlisted_rules(report, filter, entry);
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
