// A hostPort without a rule that leads to its pod, on a node that forwards ports by such rules.

#include <fmt/format.h>

#include <algorithm>

#include "agent/findings/context/hijack.h"
#include "agent/findings/context/host_port_rules.h"
#include "agent/findings/context/nat_words.h"
#include "agent/findings/context/remedy.h"
#include "agent/findings/context/words.h"
#include "agent/findings/rules/rules.h"
#include "agent/ports/nat/service_addresses.h"
#include "agent/ports/protocols.h"
#include "netlink/nat/recognize.h"

namespace hostnet::rules {
namespace {

bool is_for_every_address(const Declaration& declaration) {
  const DeclaredPort& declared = declaration.port;
  return std::ranges::any_of(declaration.pod->containers, [&](const Container& container) {
    return container.name == declared.container &&
           std::ranges::any_of(container.ports, [&](const ContainerPort& port) {
             return port.host_port == declared.port && port.protocol == declared.protocol &&
                    port.host_ip.empty();
           });
  });
}

bool has_address(const Pod& pod, AddressFamily family) {
  return std::ranges::any_of(pod.pod_ips, [&](const std::string& text) {
    const auto ip = parse_ip(text);
    return ip && ip->family == family;
  });
}

// An address that other machines can reach.
bool has_address(const PortSnapshot& table, AddressFamily family) {
  return std::ranges::any_of(table.addresses, [&](const Address& row) {
    return row.ip.family == family && !row.ip.is_loopback() && !is_link_local(row.ip);
  });
}

// "" everything, " over IPv6" for a dual-stack pod; unset: nothing is known to be missing.
std::optional<std::string> what_is_missing(const Declaration& declaration,
                                           const FindingContext& context) {
  const Forwarding forwarding = forwarding_of(declaration, context);
  if (forwarding == Forwarding::missing) return "";
  if (forwarding == Forwarding::not_seen || !is_for_every_address(declaration)) return {};
  const auto& pod = *declaration.pod;
  if (!has_address(pod, AddressFamily::ipv4) || !has_address(pod, AddressFamily::ipv6)) return {};
  for (const AddressFamily family : kAddressFamilies) {
    if (!has_address(context.table, family)) continue;
    if (forwarding_of(declaration, family, context) != Forwarding::missing) continue;
    return family == AddressFamily::ipv4 ? " over IPv4" : " over IPv6";
  }
  return {};
}

std::string remedy_for_pod(const DeclaredPort& port) {
  // kubelet requests only the ports of main containers from the runtime.
  if (port.container_type == ContainerType::sidecar) {
    return "declare the port in a main container, or use hostNetwork: kubelet does not forward the "
           "hostPorts of sidecars";
  }
  return fmt::format(
      "check what flushed the rules (firewalld, iptables-restore) or whether the CNI plugin "
      "ignores "
      "hostPorts; kubectl -n {} delete pod {} recreates them",
      shell_word(port.namespace_), shell_word(port.pod));
}

}  // namespace

std::optional<Finding> hostport_not_programmed(const Declaration& declaration,
                                               const FindingContext& context) {
  const DeclaredPort& port = declaration.port;
  if (!is_running_host_port(declaration)) return {};
  const auto missing = what_is_missing(declaration, context);
  if (!missing) return {};
  const Holders elsewhere = missing->empty() ? context.rules_on(port) : Holders{};
  // In that case hostport_rule_stale names the pod.
  if (std::ranges::any_of(elsewhere, [&](auto* rule) { return is_stale(*rule->nat, context); })) {
    return {};
  }
  Finding finding = finding_about(Verdict::hostport_not_programmed, declaration, context);
  add_holders(finding, elsewhere);
  finding.explanation = fmt::format(
      "{} declares hostPort {}, but {}: nothing that arrives there{} reaches the pod.",
      declarer(port), port_name(port),
      elsewhere.empty()
          ? "no NAT rule forwards it" + *missing
          : "the NAT rule for that port leads to " + destination_words(*elsewhere.front()),
      *missing);
  // If another owner's rule takes precedence, recreating the hostPort's rule does not help.
  const bool is_anothers = !elsewhere.empty() && !is_host_port(*elsewhere.front()->nat);
  finding.remedy = is_anothers
                       ? remedy_against_rule(*elsewhere.front(), "the pod's hostPort", context)
                       : remedy_for_pod(port);
  return finding;
}

}  // namespace hostnet::rules
