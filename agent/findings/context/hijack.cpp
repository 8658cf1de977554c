#include "agent/findings/context/hijack.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "agent/config/port_numbers.h"
#include "agent/findings/context/holders.h"
#include "agent/findings/context/nat_words.h"
#include "agent/ports/file_name.h"
#include "agent/ports/nat/service_addresses.h"
#include "agent/ports/pod_index.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

// Restrictions of a rule as its description mentions them: unrestricted rules sort first.
auto restrictions_of(const Holder* rule) {
  const PacketScope& scope = rule->nat->scope;
  return std::tuple(scope.is_conditional(), !rule->nat->prerouting, !scope.arrives_on.empty(),
                    scope.destination.has_value());
}

// Only the system manager's units: any user may have a unit of that name.
bool is_unit_of(const Owner& owner, std::span<const std::string_view> names) {
  const std::string_view unit = owner.unit;
  return owner.cgroup.starts_with("/system.slice/") &&
         contains(names, unit.substr(0, unit.rfind('.')));
}

// kubelet and programs that embed it or container runtimes; docker-proxy and conmon run in a
// runtime's unit. The file name alone proves nothing: any process may have it.
bool is_of_kubelet_or_runtime(const Owner& owner) {
  static constexpr std::array<std::string_view, 13> kNames{
      "kubelet", "containerd", "crio", "cri-o", "dockerd", "docker-proxy", "cri-dockerd",
      "conmon",  "conmonrs",   "k3s",  "rke2",  "k0s",     "kubelite"};
  static constexpr std::array<std::string_view, 4> kRuntimePrograms{"docker", "containerd", "crio",
                                                                    "cri-docker"};
  if (owner.kind == HolderKind::pod) return false;
  if (owner.kind != HolderKind::node_component) {
    return is_unit_of(owner, kRuntimePrograms) && contains(kNames, file_name(owner.exe));
  }
  return contains(kNames, file_name(owner.exe)) || is_unit_of(owner, kNames) ||
         is_unit_of(owner, kRuntimePrograms);
}

// Ports that kubelet itself serves, so it never opened them for a pod (kubelet's --healthz-port,
// --port and --read-only-port).
bool is_kubelets_own(std::uint16_t port) {
  return port == 10248 || port == 10250 || port == 10255;
}

// Sockets that kubelet and runtimes open on a hostPort to reserve it or (docker-proxy) to serve it:
// dockershim's kubelet and CRI-O before 1.31 do. CNI portmap's hostPorts have no socket: any
// listener there loses its traffic.
bool implements_host_ports(const Holder& holder, const Holders& rules) {
  const bool only_portmap = !rules.empty() && std::ranges::all_of(rules, [](const Holder* rule) {
    return rule->nat->owner == RuleOwner::cni_portmap;
  });
  if (only_portmap || is_kubelets_own(holder.socket.local_port)) return false;
  return is_of_kubelet_or_runtime(holder.owner);
}

bool may_be_hijacked(const Holder& server, const FindingContext& context) {
  if (!server.socket.is_server() || server.owner.self) return false;
  if (server.owner.kind == HolderKind::nat_rule) return false;
  // An unknown owner may be kubelet as long as not every process is visible.
  return server.owner.kind != HolderKind::unknown || context.table.coverage.every_owner;
}

// hostPort rules do not match the addresses of Services.
bool would_be_taken(const Holder& listener, const Declaration& declaration,
                    const FindingContext& context) {
  const IpAddress local = listener.socket.local.unmapped();
  const PortSnapshot& table = context.table;
  const auto services = service_devices(table.links);
  const bool serves_a_service =
      !local.is_wildcard() && std::ranges::any_of(table.addresses, [&](const Address& address) {
        return address.ip == local && is_service_address(address, services);
      });
  return !serves_a_service && meets(listener, bind_of(declaration.port), context);
}

template <class Counts>
Forwarding forwarding_by(const Declaration& declaration, const FindingContext& context,
                         const Counts& counts) {
  const bool served =
      std::ranges::any_of(context.rules_on(declaration.port), [&](const Holder* rule) {
        return counts(*rule->nat) && takes_from_outside(*rule) && may_serve(*rule, declaration);
      });
  if (served) return Forwarding::by_rules;
  const auto& nat = context.table.nat;
  const bool would_be_seen =
      nat && nat->complete() && nat->has_forwarder() && !context.table.coverage.ebpf_forwarding;
  return would_be_seen ? Forwarding::missing : Forwarding::not_seen;
}

}  // namespace

std::optional<Verdict> hijack_verdict(const Holder& holder) {
  const NatRule& rule = *holder.nat;
  if (is_host_port(rule) && !holder.owner.container_runtime.empty()) return std::nullopt;
  if (is_host_port(rule)) return Verdict::hostport_hijacks_listener;
  if (is_node_port(rule)) return Verdict::nodeport_hijacks_listener;
  return std::nullopt;
}

Hijack hijack_of(const Holder& server, const Holders& rules, const FindingContext& context) {
  Hijack hijack;
  const Bind bind = bind_of(server.socket, context.table.links);
  for (const Holder* rule : rules) {
    // Rules that the agent cannot interpret are reported as a problem, not as a hijack.
    if (rule->nat->scope.certainty == Certainty::unknown) continue;
    const TakenTraffic taken = taken_traffic(*rule->nat, bind, context.table);
    const auto back = leads_back(*rule->nat, bind, server.socket.local_port, context.table);
    if (!taken.any() || back != false) continue;
    hijack.taken |= taken;
    hijack.rules.push_back(rule);
  }
  return hijack;
}

std::string describe_traffic(const Holder& server, const Hijack& hijack,
                             const FindingContext& context) {
  return arriving_words(*(*std::ranges::min_element(hijack.rules, {}, restrictions_of))->nat,
                        hijack.taken, bind_of(server.socket, context.table.links));
}

bool is_of_pod(const Holder& rule, const DeclaredPort& port) {
  return !rule.pod.empty() && rule.pod == port.pod && rule.namespace_ == port.namespace_;
}

bool may_serve(const Holder& rule, const Declaration& declaration) {
  if (is_of_pod(rule, declaration.port)) return true;
  if (const auto leads = leads_to_pod(*rule.nat, *declaration.pod)) return *leads;
  return rule.pod.empty();
}

Holders rules_serving(const Declaration& declaration, const FindingContext& context) {
  Holders rules = context.rules_on(declaration.port);
  std::erase_if(rules, [&](const Holder* rule) {
    const bool may = is_host_port(*rule->nat) ? may_serve(*rule, declaration)
                                              : is_of_pod(*rule, declaration.port);
    return !may;
  });
  return rules;
}

bool is_running_host_port(const Declaration& declaration) {
  const DeclaredPort& port = declaration.port;
  return !declaration.rejected && port.mode == PortMode::host_port && port.phase == "Running" &&
         !port.terminating;
}

std::vector<IpAddress> expected_addresses(const Declaration& declaration,
                                          const PortSnapshot& table) {
  const bool forwarded = declaration.port.mode == PortMode::host_port;
  const auto asked = parse_ip(declaration.port.host_ip);
  if (forwarded && asked && !asked->is_wildcard()) return {*asked};
  const Pod& pod = *declaration.pod;
  std::vector<IpAddress> addresses;
  for (const auto* texts : {&pod.pod_ips, &pod.host_ips}) {
    if (forwarded && texts == &pod.pod_ips) continue;  // not the node's addresses
    for (const std::string& text : *texts) {
      if (const auto ip = parse_ip(text)) addresses.push_back(*ip);
    }
  }
  if (!addresses.empty()) return addresses;
  const auto services = service_devices(table.links);
  for (const Address& row : table.addresses) {
    if (!row.ip.is_loopback() && !is_service_address(row, services)) addresses.push_back(row.ip);
  }
  return addresses;
}

bool takes_from_outside(const Holder& rule) {
  const bool others = std::ranges::all_of(rule.nat->scope.arrives_on, &InterfaceMatch::other);
  return rule.nat->prerouting && (!rule.nat->shadowed || others);
}

Forwarding forwarding_of(const Declaration& declaration, const FindingContext& context) {
  return forwarding_by(declaration, context, [](const NatRule&) { return true; });
}

Forwarding forwarding_of(const Declaration& declaration, AddressFamily family,
                         const FindingContext& context) {
  return forwarding_by(declaration, context, [family](const NatRule& rule) {
    return rule.scope.family.value_or(family) == family;
  });
}

Holders hijacked_listeners(const Declaration& declaration, const FindingContext& context) {
  const Forwarding forwarding = forwarding_of(declaration, context);
  if (forwarding == Forwarding::missing) return {};
  const Holders rules = rules_serving(declaration, context);
  Holders listeners;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (!is_hijacked_by_host_ports(*holder, rules, context)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    const bool taken = forwarding == Forwarding::by_rules
                           ? !hijack_of(*holder, rules, context).rules.empty()
                           : would_be_taken(*holder, declaration, context);
    if (taken) listeners.push_back(holder);
  }
  order_holders(listeners);
  return listeners;
}

bool is_hijacked_by_host_ports(const Holder& server, const Holders& rules,
                               const FindingContext& context) {
  return may_be_hijacked(server, context) && !implements_host_ports(server, rules);
}

// kube-proxy, programs that embed it, and ovnkube open NodePorts themselves to claim them; not the
// ports on which k3s serves its API.
bool is_hijacked_by_node_ports(const Holder& server, const FindingContext& context) {
  static constexpr std::array<std::string_view, 6> kNames{"kube-proxy", "k3s",      "rke2",
                                                          "k0s",        "kubelite", "ovnkube"};
  const Owner& owner = server.owner;
  const bool of_the_node =
      owner.kind == HolderKind::node_component || owner.kind == HolderKind::pod;
  const bool claims_ports =
      of_the_node && (contains(kNames, file_name(owner.exe)) || is_unit_of(owner, kNames));
  const bool serves_there =
      reservation_of(server.socket.protocol, server.socket.local_port, context.policy) != nullptr;
  return may_be_hijacked(server, context) && (serves_there || !claims_ports);
}

}  // namespace hostnet
