// Rules that take the traffic of a server that looks healthy:
// hostport_hijacks_listener, nodeport_hijacks_listener.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "agent/findings/context.h"
#include "agent/findings/nat_words.h"
#include "agent/findings/wording.h"
#include "agent/ports/join_pods.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

using Holders = std::vector<const Holder*>;

std::optional<Verdict> verdict_of(const NatRule& rule) {
  if (is_host_port(rule)) return Verdict::hostport_hijacks_listener;
  if (is_node_port(rule)) return Verdict::nodeport_hijacks_listener;
  return std::nullopt;
}

bool is_of_pod(const Holder& rule, const DeclaredPort& port) {
  return !rule.pod.empty() && rule.pod == port.pod && rule.namespace_ == port.namespace_;
}

// The rules that serve a hostPort: those that lead to its pod, of whatever owner, and
// hostPorts' that may.
Holders rules_of(const Declaration& declaration, const FindingContext& context) {
  Holders rules;
  for (const Holder* rule : context.rules_on(declaration.port)) {
    if (!may_serve(*rule, declaration)) continue;
    if (verdict_of(*rule->nat) == Verdict::hostport_hijacks_listener ||
        is_of_pod(*rule, declaration.port)) {
      rules.push_back(rule);
    }
  }
  return rules;
}

// What the rules take of this server's traffic, and which of them do.
struct Hijack {
  TakenTraffic taken;
  Holders rules;
};
Hijack hijack_of(const Holder& server, const Holders& rules, const FindingContext& context) {
  Hijack hijack;
  const Bind bind = bind_of(server.socket, context.table.links);
  for (const Holder* rule : rules) {
    // What nobody understands is told as a problem, not as a hijack.
    if (rule->nat->scope.certainty == Certainty::unknown) continue;
    const TakenTraffic taken = taken_traffic(*rule->nat, bind, context.table);
    const auto back = leads_back(*rule->nat, bind, server.socket.local_port, context.table);
    if (!taken.any() || back != false) continue;
    hijack.taken |= taken;
    hijack.rules.push_back(rule);
  }
  return hijack;
}

void add_servers(Finding& finding, const Holders& holders) {
  for (const Holder* holder : holders) finding.held_by.push_back(*holder);
}

void add_rules(Finding& finding, const Holders& rules) {
  for (const Holder* rule : rules) {
    if (std::ranges::find(finding.held_by, *rule) == finding.held_by.end()) {
      finding.held_by.push_back(*rule);
    }
  }
}

// What a rule does not take, in how it is told: a rule without comes first.
auto restrictions_of(const Holder* rule) {
  const PacketScope& scope = rule->nat->scope;
  return std::tuple(scope.is_conditional(), !rule->nat->prerouting, !scope.arrives_on.empty(),
                    scope.destination.has_value());
}

// As the first of the rules has it that takes the most; there is one.
std::string told_as(const Holder& server, const FindingContext& context, const Hijack& hijack) {
  return arriving_words(*(*std::ranges::min_element(hijack.rules, {}, restrictions_of))->nat,
                        hijack.taken, bind_of(server.socket, context.table.links));
}

// Servers that kube-proxy has, or what has it inside: they are how NodePorts are done.
bool implements_node_ports(const Holder& holder) {
  static constexpr std::array<std::string_view, 5> kNames{"kube-proxy", "k3s", "rke2", "k0s",
                                                          "kubelite"};
  const std::string_view exe = holder.owner.exe;
  const std::string_view file = exe.substr(exe.rfind('/') + 1);
  if (std::ranges::find(kNames, file) != kNames.end()) return true;
  return std::ranges::any_of(holder.owner.processes, [&](const Process& process) {
    return std::ranges::find(kNames, process.comm) != kNames.end();
  });
}

// Not only what this node or, behind Docker's rule, its containers send.
bool takes_from_outside(const Holder& rule) {
  const bool others = std::ranges::all_of(rule.nat->scope.arrives_on, &InterfaceMatch::other);
  return rule.nat->prerouting && (!rule.nat->shadowed || others);
}

// A hostPort and the listeners of others on its port.
void find_hijack_by_host_port(const Declaration& declaration, const FindingContext& context,
                              std::vector<Finding>& found) {
  const Holders listeners = hijacked_listeners(declaration, context);
  if (listeners.empty()) return;
  const DeclaredPort& port = declaration.port;
  const Holder& first = *listeners.front();
  const bool leaves = terminating_in_grace(*declaration.pod, context.now);
  Finding finding = finding_about(
      Verdict::hostport_hijacks_listener,
      leaves ? Severity::info : severity_of_a_bind_conflict(port, context), declaration);
  add_servers(finding, listeners);
  std::string arriving = "what arrives";
  const Holders rules = rules_of(declaration, context);
  for (const Holder* listener : listeners) {
    const Hijack hijack = hijack_of(*listener, rules, context);
    add_rules(finding, hijack.rules);
    if (listener == &first && hijack.taken.any()) arriving = told_as(first, context, hijack);
  }
  finding.explanation =
      fmt::format("{} {}, but the hostPort of {} sends {} on {} to the pod instead.", who(first),
                  what_it_does(first), declarer(port), arriving, port_name(port));
  finding.remedy = remedy_against(first, port);
  found.push_back(std::move(finding));
}

// A pod on the node's own network, and rules that take what it listens for.
void find_hijack_of_pod(const Declaration& declaration, const FindingContext& context,
                        std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  for (const Holder* server : context.holders_of(port)) {
    if (!server->socket.is_server() || implements_node_ports(*server)) continue;
    if (relation_of(*server, declaration, context) != Relation::own || server->owner.self) continue;
    Holders rules;
    std::optional<Verdict> verdict;
    for (const Holder* rule : context.rules_on(port)) {
      const auto of_keeper = verdict_of(*rule->nat);
      if (!of_keeper || hijack_of(*server, {rule}, context).rules.empty()) continue;
      if (!verdict) verdict = of_keeper;
      if (verdict == of_keeper) rules.push_back(rule);
    }
    if (!verdict) continue;
    Finding finding =
        finding_about(*verdict, severity_of_a_bind_conflict(port, context), declaration);
    add_rules(finding, rules);
    const Holder& rule = *rules.front();
    const std::string taker = *verdict == Verdict::nodeport_hijacks_listener
                                  ? fmt::format("a NodePort of {}", service_words(*rule.nat))
                                  : "a hostPort rule";
    finding.explanation = fmt::format("{} {}, but {} sends {} on {} to {} instead.", declarer(port),
                                      what_it_does(*server), taker,
                                      told_as(*server, context, hijack_of(*server, rules, context)),
                                      port_name(port), destination_words(rule));
    finding.remedy = remedy_against_rule(rule, "the pod's port");
    found.push_back(std::move(finding));
    return;
  }
}

bool is_told(Verdict verdict, const PortKey& key, const std::vector<Finding>& found) {
  return std::ranges::any_of(found, [&](const Finding& finding) {
    return finding.protocol == key.first && finding.port == key.second &&
           (finding.verdict == verdict || finding.verdict == Verdict::duplicate_declaration);
  });
}

// By these rules, of one verdict; none where they are not seen.
bool may_be_hijacked(const Holder& server, Verdict verdict, const Holders& rules,
                     const FindingContext& context) {
  if (!server.socket.is_server() || server.owner.self) return false;
  if (server.owner.kind == HolderKind::nat_rule) return false;
  // It may be kubelet's own while not every process could be seen.
  if (server.owner.kind == HolderKind::unknown && !context.table.attribution_complete) return false;
  return verdict == Verdict::hostport_hijacks_listener ? !implements_host_ports(server, rules)
                                                       : !implements_node_ports(server);
}

// Nobody declares the port, but somebody listens and a rule takes it.
void find_undeclared_hijack(Verdict verdict, const PortKey& key, const Holders& servers,
                            const Holders& rules, const FindingContext& context,
                            std::vector<Finding>& found) {
  if (is_told(verdict, key, found)) return;
  Finding finding;
  finding.verdict = verdict;
  finding.severity = Severity::critical;
  finding.protocol = key.first;
  finding.port = key.second;
  Holders hijacked;
  Holders taking;
  Hijack of_first;
  for (const Holder* server : servers) {
    if (!may_be_hijacked(*server, verdict, rules, context)) continue;
    const Hijack hijack = hijack_of(*server, rules, context);
    if (hijack.rules.empty()) continue;
    if (hijacked.empty()) of_first = hijack;
    hijacked.push_back(server);
    for (const Holder* rule : hijack.rules) {
      if (std::ranges::find(taking, rule) == taking.end()) taking.push_back(rule);
    }
  }
  if (hijacked.empty()) return;
  const Holder& rule = *taking.front();
  finding.host_ip = rule.socket.local.to_string();
  finding.id = finding_id(verdict, key.first, key.second, finding.host_ip, "", "");
  add_servers(finding, hijacked);
  add_rules(finding, taking);
  DeclaredPort port;
  port.protocol = key.first;
  port.port = key.second;
  const Holder& server = *hijacked.front();
  const std::string taker = verdict == Verdict::nodeport_hijacks_listener
                                ? fmt::format("a NodePort of {}", service_words(*rule.nat))
                                : "a hostPort rule";
  finding.explanation = fmt::format("{} {}, but {} sends {} on {} to {} instead.", who(server),
                                    what_it_does(server), taker, told_as(server, context, of_first),
                                    port_name(port), destination_words(rule));
  finding.remedy = remedy_against_rule(rule, "the listener's port");
  found.push_back(std::move(finding));
}

}  // namespace

std::vector<const Holder*> hijacked_listeners(const Declaration& declaration,
                                              const FindingContext& context) {
  const Forwarding forwarding = forwarding_of(declaration, context);
  if (forwarding == Forwarding::missing) return {};
  const Holders rules = rules_of(declaration, context);
  Holders listeners;
  for (const Holder* holder : context.holders_of(declaration.port)) {
    if (!may_be_hijacked(*holder, Verdict::hostport_hijacks_listener, rules, context)) continue;
    if (relation_of(*holder, declaration, context) != Relation::foreign) continue;
    const bool taken = forwarding == Forwarding::by_rules
                           ? !hijack_of(*holder, rules, context).rules.empty()
                           : would_be_taken(*holder, declaration, context);
    if (taken) listeners.push_back(holder);
  }
  order_holders(listeners);
  return listeners;
}

bool may_serve(const Holder& rule, const Declaration& declaration) {
  if (is_of_pod(rule, declaration.port)) return true;
  if (const auto leads = leads_to_pod(*rule.nat, *declaration.pod)) return *leads;
  return rule.pod.empty();
}

Forwarding forwarding_of(const Declaration& declaration, const FindingContext& context) {
  const bool served =
      std::ranges::any_of(context.rules_on(declaration.port), [&](const Holder* rule) {
        return takes_from_outside(*rule) && may_serve(*rule, declaration);
      });
  if (served) return Forwarding::by_rules;
  const auto& nat = context.table.nat;
  const bool would_be_seen =
      nat && nat->complete() && nat->has_forwarder() && !context.table.ebpf_forwarding;
  return would_be_seen ? Forwarding::missing : Forwarding::not_seen;
}

void find_hijack(const Declaration& declaration, const FindingContext& context,
                 std::vector<Finding>& found) {
  if (declaration.port.mode == PortMode::host_port) {
    find_hijack_by_host_port(declaration, context, found);
  } else {
    find_hijack_of_pod(declaration, context, found);
  }
}

void find_undeclared_hijacks(const FindingContext& context, std::vector<Finding>& found) {
  if (context.rules.empty()) return;
  std::map<PortKey, Holders> servers;
  for (const Holder& holder : context.table.holders) {
    const PortKey key{holder.socket.protocol, holder.socket.local_port};
    if (holder.socket.is_server() && context.rules.contains(key)) servers[key].push_back(&holder);
  }
  for (auto& [key, listening] : servers) {
    order_holders(listening);
    for (const Verdict verdict :
         {Verdict::hostport_hijacks_listener, Verdict::nodeport_hijacks_listener}) {
      Holders rules;
      for (const Holder* rule : context.rules.at(key)) {
        if (verdict_of(*rule->nat) == verdict) rules.push_back(rule);
      }
      if (std::ranges::none_of(rules, [](auto* rule) { return takes_from_outside(*rule); })) {
        continue;
      }
      find_undeclared_hijack(verdict, key, listening, rules, context, found);
    }
  }
}

}  // namespace hostnet
