#include "agent/render/host_ports.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "agent/ports/protocols.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

bool is_within(const PortFilter& filter, std::uint16_t port, Protocol protocol) {
  return filter.port.value_or(port) == port && filter.protocol.value_or(protocol) == protocol;
}

// Ports of one report, by number and protocol.
class HostPorts {
 public:
  HostPorts(const Report& report, const PortFilter& filter) : report_(report), filter_(filter) {}

  void add_holders(const PortSnapshot& table) {
    for (const Holder& holder : table.holders) {
      const Socket& socket = holder.socket;
      if (!is_within(filter_, socket.local_port, socket.protocol)) continue;
      entry(socket.local_port, socket.protocol).holders.push_back(&holder);
    }
    if (!filter_.port) return;
    for (const Protocol protocol : kProtocols) {
      if (!is_within(filter_, *filter_.port, protocol)) continue;
      for (Holder& holder : folded_on(table.folded, protocol, *filter_.port)) {
        add_made(std::move(holder), entry(*filter_.port, protocol));
      }
    }
  }

  // The table has rules as holders only on ports of servers and those the scan was asked for.
  void add_unlisted_rules(const NatRules& rules) {
    if (filter_.port) {
      for (const Protocol protocol : kProtocols) {
        for (const NatRule* rule : rules.on_port(protocol, *filter_.port)) {
          add_rule(rule, *filter_.port, protocol);
        }
      }
      return;
    }
    for (const NatRule& rule : rules.rules()) {
      const PortSpan& ports = rule.scope.ports;
      if (ports.last - ports.first >= static_cast<int>(kMostListedPorts)) continue;
      if (!rule.scope.ip_protocol) continue;
      for (const Protocol protocol : protocols_of(rule)) {
        for (unsigned port = ports.first; port <= ports.last; ++port) {
          add_rule(&rule, static_cast<std::uint16_t>(port), protocol);
        }
      }
    }
  }

  void add_declarations() {
    for (const DeclaredPort& declared : report_.declared) {
      if (!is_within(filter_, declared.port, declared.protocol)) continue;
      entry(declared.port, declared.protocol).declared_by.push_back(&declared);
    }
  }

  // Adds findings to ports that are already listed.
  void add_findings() {
    for (const Finding& finding : report_.findings) {
      if (finding.ignored || !finding.port || !finding.protocol) continue;
      const auto found = ports_.find({*finding.port, *finding.protocol});
      if (found == ports_.end()) continue;
      add_once(found->second.findings, finding.verdict);
    }
  }

  std::vector<HostPort> take() {
    std::vector<HostPort> ports;
    ports.reserve(ports_.size());
    for (auto& [key, port] : ports_) ports.push_back(std::move(port));
    return ports;
  }

 private:
  HostPort& entry(std::uint16_t number, Protocol protocol) {
    HostPort& port = ports_[{number, protocol}];
    port.port = number;
    port.protocol = protocol;
    return port;
  }

  static void add_made(Holder holder, HostPort& port) {
    port.made.push_back(std::make_unique<const Holder>(std::move(holder)));
    port.holders.push_back(port.made.back().get());
  }

  void add_rule(const NatRule* rule, std::uint16_t number, Protocol protocol) {
    if (!is_within(filter_, number, protocol)) return;
    HostPort& port = entry(number, protocol);
    const bool known = std::ranges::any_of(
        port.holders, [&](const Holder* holder) { return holder->nat.get() == rule; });
    if (!known) add_made(holder_of_rule(*report_.table, *rule, protocol, number), port);
  }

  const Report& report_;
  const PortFilter& filter_;
  std::map<std::pair<std::uint16_t, Protocol>, HostPort> ports_;
};

}  // namespace

std::vector<HostPort> host_ports(const Report& report, const PortFilter& filter) {
  HostPorts ports(report, filter);
  if (report.table) ports.add_holders(*report.table);
  if (report.table && report.table->nat) ports.add_unlisted_rules(*report.table->nat);
  ports.add_declarations();
  ports.add_findings();
  return ports.take();
}

}  // namespace hostnet
