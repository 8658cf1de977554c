#include "agent/findings/context/filtered.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/remedy.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/recognize.h"
#include "netlink/rtnetlink/links.h"
#include "netlink/sock_diag.h"

namespace hostnet {
namespace {

bool serves(const Bind& server, const WayIn& way, const PortSnapshot& table) {
  if (server.interface != 0) {
    const Link* link = find_link(table.links, server.interface);
    if (link == nullptr || link->name != way.interface) return false;
  }
  const IpAddress local = server.address.unmapped();
  if (!local.is_wildcard()) return local == way.address;
  return local.family == way.address.family ||
         (local.family == AddressFamily::ipv6 && server.v6only != true);
}

bool is_on_node(const IpAddress& address, const PortSnapshot& table) {
  return address.is_loopback() || contains(table.addresses, address, &Address::ip);
}

// Whether packets reach the port through a NAT rule: filters may pass the translated packets.
bool is_led_to(Protocol protocol, std::uint16_t port, const PortSnapshot& table) {
  if (!table.nat) return true;
  return std::ranges::any_of(table.nat->rules(), [&](const NatRule& rule) {
    return rule.prerouting &&
           rule.scope.ip_protocol.value_or(ip_protocol(protocol)) == ip_protocol(protocol) &&
           std::ranges::any_of(rule.targets, [&](const NatTarget& target) {
             const PortSpan ports =
                 target.port == 0 ? rule.scope.ports : PortSpan{target.port, target.last_port};
             return ports.contains(port) && (!target.address || is_on_node(*target.address, table));
           });
  });
}

// Collects the verdict of the filters on each way in.
class Collector {
 public:
  void add(const WayIn& way, std::shared_ptr<const NatRule> rule) {
    if (!rule) {
      filtered_.everything = false;
      return;
    }
    if (filtered_.rules.empty()) filtered_.first = way;
    const bool known = std::ranges::any_of(
        filtered_.rules, [&](const auto& one) { return one->text == rule->text; });
    if (!known) filtered_.rules.push_back(std::move(rule));
  }
  std::optional<Filtered> finish() && {
    if (filtered_.rules.empty()) return std::nullopt;
    return std::move(filtered_);
  }

 private:
  Filtered filtered_{.everything = true};
};

// Whether the rule certainly sends a packet that arrives on `way` to exactly one pod.
bool takes(const NatRule& rule, const WayIn& way) {
  const PacketScope& scope = rule.scope;
  return rule.prerouting && scope.certainty == Certainty::certain && scope.marks.empty() &&
         scope.family.value_or(way.address.family) == way.address.family &&
         (!scope.destination || scope.destination->contains(way.address)) &&
         matches_interface(scope.arrives_on, way.interface) && rule.targets.size() == 1 &&
         rule.targets.front().address && !rule.targets.front().last_address;
}

std::optional<Filtered> filtered_host_port(const Declaration& declaration,
                                           const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  Collector collector;
  for (const Holder* holder : rules_serving(declaration, context)) {
    const NatRule& rule = *holder->nat;
    for (const WayIn& way : context.ways_in) {
      if (!takes(rule, way)) continue;
      const NatTarget& target = rule.targets.front();
      collector.add(way, context.table.filters->ending(
                             {.ip_protocol = ip_protocol(port.protocol),
                              .port = port.port,
                              .destination = way.address,
                              .interface = way.interface,
                              .pod = target.address,
                              .pod_port = target.port == 0 ? port.port : target.port}));
    }
  }
  return std::move(collector).finish();
}

}  // namespace

std::optional<Filtered> filtered_server(const Bind& server, Protocol protocol, std::uint16_t port,
                                        const PortSnapshot& table, std::span<const WayIn> ways) {
  if (!table.filters || server.address.is_multicast()) return std::nullopt;
  Collector collector;
  for (const WayIn& way : ways) {
    if (!serves(server, way, table)) continue;
    collector.add(way, table.filters->ending({.ip_protocol = ip_protocol(protocol),
                                              .port = port,
                                              .destination = way.address,
                                              .interface = way.interface}));
  }
  auto filtered = std::move(collector).finish();
  if (filtered && is_led_to(protocol, port, table)) return std::nullopt;
  return filtered;
}

std::optional<Filtered> filtered_declaration(const Declaration& declaration,
                                             const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (!context.table.filters) return std::nullopt;
  if (port.mode == PortMode::host_port) return filtered_host_port(declaration, context);
  return filtered_server(bind_of(port), port.protocol, port.port, context.table, context.ways_in);
}

std::string filtered_words(const Filtered& filtered) {
  const NatRule& rule = *filtered.rules.front();
  const std::string what =
      filtered.everything
          ? "nothing from outside reaches it"
          : fmt::format("nothing that arrives at {} on {} reaches it",
                        filtered.first.address.to_string(), filtered.first.interface);
  return fmt::format("{}: {} {} it", what, filter_words(rule),
                     rule.effect == NatEffect::reject ? "rejects" : "drops");
}

std::string remedy_against_filter(const NatRule& rule, Protocol protocol, std::uint16_t port) {
  const auto name = fmt::format("{}/{}", port, to_string(protocol));
  const std::string show = show_rule_command(rule);
  switch (rule.owner) {
    case RuleOwner::kube_proxy: {
      const auto [in_namespace, service] = service_name(rule.service);
      if (service.empty()) break;
      return fmt::format("kubectl -n {} describe service {}: it has the port and no endpoints",
                         shell_word(in_namespace), shell_word(service));
    }
    case RuleOwner::ufw:
      return fmt::format("where it is to be reached: ufw allow {}; inspect with: {}", name, show);
    case RuleOwner::firewalld:
      return fmt::format("where it is to be reached: firewall-cmd --add-port={}; inspect with: {}",
                         name, show);
    default: break;
  }
  return "where it is to be reached, accept it before that rule; inspect with: " + show;
}

}  // namespace hostnet
