// A hostPort's rule also takes packets to a Service address that this node has: such addresses are
// local, like the node's own (kubernetes#72522).

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/ports/nat/service_addresses.h"
#include "agent/verdicts/listing.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/recognize.h"

namespace hostnet::rules {
namespace {

constexpr std::size_t kNamed = 3;

bool is_ipvs_at(const NatRule& rule, const IpAddress& address) {
  return rule.source == NatSource::ipvs && rule.scope.destination &&
         rule.scope.destination->contains(address);
}

// Whether a Service uses the port there: by IPVS or a listener; assumed if there are no IPVS rules.
bool is_served(const IpAddress& address, const DeclaredPort& port, const FindingContext& context) {
  const auto& rules = context.table.nat->rules();
  const auto is_ipvs = [](const NatRule& rule) { return rule.source == NatSource::ipvs; };
  const bool listened = std::ranges::any_of(context.holders_of(port), [&](const Holder* holder) {
    return holder->socket.is_server() && holder->socket.local.unmapped() == address;
  });
  if (listened || std::ranges::none_of(rules, is_ipvs)) return true;
  return std::ranges::any_of(context.rules_on(port),
                             [&](const Holder* rule) { return is_ipvs_at(*rule->nat, address); });
}

// The pod is one of the Service's backends, or deliberately in front of all of them: the Service
// also has the port on the node's own address. k3s' svclb does this, for other nodes' addresses as
// well: kube-proxy has them all on kube-ipvs0 (k3s: docs "Service Load Balancer").
bool is_for_the_service(const NatRule& host_port, const IpAddress& address,
                        const DeclaredPort& port, const FindingContext& context) {
  const Holders& rules = context.rules_on(port);
  const auto at_own_address = [&](const Holder* rule) {
    return rule->nat->source == NatSource::ipvs &&
           std::ranges::any_of(context.table.addresses, [&](const Address& row) {
             return !row.ip.is_loopback() && is_ipvs_at(*rule->nat, row.ip) &&
                    !is_only_a_services(row.ip, context.table);
           });
  };
  return std::ranges::any_of(rules, [&](const Holder* service) {
    if (!is_ipvs_at(*service->nat, address)) return false;
    const auto& servers = service->nat->targets;
    const bool serves = std::ranges::find_first_of(servers, host_port.targets) != servers.end();
    return serves || std::ranges::any_of(rules, [&](const Holder* own) {
             return at_own_address(own) && own->nat->targets == servers;
           });
  });
}

}  // namespace

std::optional<Finding> hostport_hijacks_service(const Declaration& declaration,
                                                const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (declaration.rejected || port.mode != PortMode::host_port || !context.table.nat) return {};
  if (service_devices(context.table.links).empty()) return {};
  std::vector<std::string> taken;
  Holders taking;
  for (const Holder* rule : rules_serving(declaration, context)) {
    if (!is_host_port(*rule->nat) || rule->nat->scope.is_conditional()) continue;
    for (const Address& row : context.table.addresses) {
      if (!is_only_a_services(row.ip, context.table)) continue;
      if (!takes_packets_to(*rule->nat, row.ip, context.table)) continue;
      if (!is_served(row.ip, port, context)) continue;
      if (is_for_the_service(*rule->nat, row.ip, port, context)) continue;
      taking.push_back(rule);
      add_once(taken, row.ip.to_string());
    }
  }
  if (taken.empty()) return {};
  Finding finding = finding_about(Verdict::hostport_hijacks_service, declaration, context);
  add_holders(finding, taking);
  finding.explanation = fmt::format(
      "The hostPort of {} also takes what is sent to {} on {}, which this node has for Services: "
      "the pod answers in place of the Service.",
      declarer(port), listing(taken, kNamed), port_name(port));
  finding.remedy = "give the hostPort a hostIP of the node, or change the pod's port";
  return finding;
}

}  // namespace hostnet::rules
