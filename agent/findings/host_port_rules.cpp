// Rules that hostPorts have and should not, or should have and have not:
// hostport_not_programmed, hostport_rule_stale, hostport_rule_unguarded.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agent/findings/context.h"
#include "agent/findings/nat_words.h"
#include "agent/findings/wording.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

// Every pod of the node, or only the static ones.
bool knows_every_pod(const PodSnapshot& pods) {
  return pods.source == "apiserver" || pods.source == "kubelet";
}

// Of the pods, and of the node itself, on which some of them are.
std::set<IpAddress> addresses_in_use(const FindingContext& context) {
  std::set<IpAddress> addresses;
  for (const Address& row : context.table.addresses) addresses.insert(row.ip);
  for (const Pod& pod : context.pods.pods) {
    for (const std::string& text : pod.pod_ips) {
      if (const auto ip = parse_ip(text)) addresses.insert(*ip);
    }
  }
  return addresses;
}

bool leads_to_nobody(const NatRule& rule, const std::set<IpAddress>& in_use) {
  if (rule.targets.empty()) return false;  // it cannot be told
  return std::ranges::all_of(rule.targets, [&](const NatTarget& target) {
    return target.address && !target.last_address && !target.address->is_loopback() &&
           !in_use.contains(*target.address);
  });
}

// Nobody has that sandbox any more, or its pod has none.
bool is_without_sandbox(const NatRule& rule, const FindingContext& context) {
  if (rule.sandbox_id.empty() && rule.pod_uid.empty()) return knows_every_pod(context.pods);
  const auto& containers = context.table.pods_by_container;
  if (!containers) return false;
  if (!rule.sandbox_id.empty()) return !containers->contains(rule.sandbox_id);
  return std::ranges::none_of(*containers,
                              [&](const auto& one) { return one.second == rule.pod_uid; });
}

bool is_stale(const NatRule& rule, const std::set<IpAddress>& in_use,
              const FindingContext& context) {
  return context.pods.synced && !context.pods.stale && leads_to_nobody(rule, in_use) &&
         is_without_sandbox(rule, context);
}

std::string host_ip_words(const NatRule& rule) {
  if (rule.scope.destination) return rule.scope.destination->to_string();
  return rule.scope.family == AddressFamily::ipv6 ? "::" : "0.0.0.0";
}

// About a rule and its first port; the declarations of that port with it.
Finding finding_about_rule(Verdict verdict, Severity severity, const NatRule& rule,
                           Protocol protocol, const FindingContext& context) {
  Finding finding;
  finding.verdict = verdict;
  finding.severity = severity;
  finding.protocol = protocol;
  finding.port = rule.scope.ports.first;
  finding.host_ip = host_ip_words(rule);
  std::string targets;
  for (const NatTarget& target : rule.targets) targets += target.to_string() + " ";
  finding.id =
      finding_id(verdict, protocol, finding.port, finding.host_ip, rule.sandbox_id, targets);
  if (const auto at = context.declared.find({protocol, *finding.port});
      at != context.declared.end()) {
    for (const Declaration* declaration : at->second) {
      if (declaration->port.mode == PortMode::host_port) {
        finding.declared_by.push_back(declaration->port);
      }
    }
  }
  finding.held_by.push_back(context.holder_of(rule, protocol, *finding.port));
  return finding;
}

// Whom a rule that leads to nobody leaves without its hostPort.
std::string unserved_words(const NatRule& rule, Protocol protocol, const FindingContext& context) {
  const auto at = context.declared.find({protocol, rule.scope.ports.first});
  if (at == context.declared.end()) return "";
  for (const Declaration* declaration : at->second) {
    if (declaration->port.mode != PortMode::host_port) continue;
    if (forwarding_of(*declaration, context) == Forwarding::by_rules) continue;
    return fmt::format(" No rule leads to {}, which declares the port.",
                       declarer(declaration->port));
  }
  return "";
}

void find_stale(const NatRule& rule, Protocol protocol, const FindingContext& context,
                std::vector<Finding>& found) {
  Finding finding =
      finding_about_rule(Verdict::hostport_rule_stale, Severity::warning, rule, protocol, context);
  finding.explanation = fmt::format(
      "A hostPort rule sends what arrives on {}/{} to {}, which is no pod's address: its pod is "
      "gone.{}",
      *finding.port, to_string(protocol), destination_words(finding.held_by.front()),
      unserved_words(rule, protocol, context));
  finding.remedy = fmt::format("delete the rule; to look: {}", show_rule_command(rule));
  found.push_back(std::move(finding));
}

void find_unguarded(const NatRule& rule, Protocol protocol, const FindingContext& context,
                    std::vector<Finding>& found) {
  Finding finding =
      finding_about_rule(Verdict::hostport_rule_unguarded, Severity::info, rule, protocol, context);
  finding.explanation = fmt::format(
      "CNI portmap's rule for hostPort {}/{} does not ask for this node's addresses, so it takes "
      "what other machines and pods send through the node to that port anywhere (CVE-2025-67499).",
      *finding.port, to_string(protocol));
  finding.remedy = "upgrade the CNI plugins to 1.9.0 or newer and restart the pods with hostPorts";
  found.push_back(std::move(finding));
}

// By hostport_rule_stale.
bool is_told_as_stale(const std::vector<const Holder*>& rules, const FindingContext& context) {
  if (rules.empty()) return false;
  const std::set<IpAddress> in_use = addresses_in_use(context);
  return std::ranges::any_of(rules, [&](const Holder* rule) {
    return is_host_port(*rule->nat) && is_stale(*rule->nat, in_use, context);
  });
}

}  // namespace

void find_unprogrammed(const Declaration& declaration, const FindingContext& context,
                       std::vector<Finding>& found) {
  const DeclaredPort& port = declaration.port;
  if (port.phase != "Running" || port.terminating) return;
  if (forwarding_of(declaration, context) != Forwarding::missing) return;
  const auto& elsewhere = context.rules_on(port);
  if (is_told_as_stale(elsewhere, context)) return;
  Finding finding = finding_about(Verdict::hostport_not_programmed, Severity::warning, declaration);
  for (const Holder* rule : elsewhere) finding.held_by.push_back(*rule);
  finding.explanation =
      fmt::format("{} declares hostPort {}, but {}: nothing that arrives there reaches the pod.",
                  declarer(port), port_name(port),
                  elsewhere.empty() ? "no NAT rule forwards it"
                                    : fmt::format("the NAT rule for that port leads to {}",
                                                  destination_words(*elsewhere.front())));
  finding.remedy = fmt::format(
      "see what flushed the rules (firewalld, iptables-restore) or whether the CNI plugin ignores "
      "hostPorts; kubectl -n {} delete pod {} has them written anew",
      shell_word(port.namespace_), shell_word(port.pod));
  found.push_back(std::move(finding));
}

void find_rules_of_host_ports(const FindingContext& context, std::vector<Finding>& found) {
  if (!context.table.nat) return;
  std::optional<std::set<IpAddress>> in_use;  // only where a rule asks
  for (const NatRule& rule : context.table.nat->rules()) {
    if (!is_host_port(rule)) continue;
    if (!in_use) in_use = addresses_in_use(context);
    const bool stale = is_stale(rule, *in_use, context);
    const bool unguarded = is_unguarded(rule);
    if (!stale && !unguarded) continue;
    for (const Protocol protocol : protocols_of(rule)) {
      if (stale) find_stale(rule, protocol, context, found);
      if (unguarded) find_unguarded(rule, protocol, context, found);
    }
  }
}

}  // namespace hostnet
