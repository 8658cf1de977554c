#include "agent/findings/context/nat_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "agent/findings/context/remedy.h"
#include "netlink/base/ranges.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

std::string interface_words(const InterfaceMatches& interfaces) {
  std::string words;
  for (const InterfaceMatch& match : interfaces) {
    words += fmt::format("{}{}{}{}", words.empty() ? "" : " and ",
                         match.other ? "interfaces other than " : "", match.name,
                         match.prefix ? "*" : "");
  }
  return "what arrives on " + words;
}

// How a Service's port is reached.
enum class ServiceEntry { node_port, external_ip, load_balancer, external };

bool says(const NatRule& rule, std::string_view words) {
  return std::ranges::any_of(rule.comments, [&](auto& comment) { return comment.contains(words); });
}

ServiceEntry entry_of(const NatRule& rule, const FindingContext& context) {
  // kube-proxy's comments: "ns/name:port external IP", "ns/name:port loadbalancer IP".
  if (says(rule, "external IP")) return ServiceEntry::external_ip;
  if (says(rule, "loadbalancer IP")) return ServiceEntry::load_balancer;
  const bool may_be_external = rule.owner == RuleOwner::kube_proxy && rule.scope.destination &&
                               !context.policy.node_port_range.contains(rule.scope.ports.first);
  const bool node_ports = contains(rule.chains, "KUBE-NODEPORTS");
  return may_be_external && !node_ports ? ServiceEntry::external : ServiceEntry::node_port;
}

std::string_view name_of_entry(ServiceEntry entry) {
  switch (entry) {
    case ServiceEntry::node_port: return "a NodePort";
    case ServiceEntry::external_ip: return "an externalIP";
    case ServiceEntry::load_balancer: return "a load balancer's address";
    case ServiceEntry::external: return "an externalIP or a load balancer's address";
  }
  return "a NodePort";
}

std::string against_service(const NatRule& rule, std::uint16_t port, const std::string& mover,
                            const FindingContext& context) {
  const auto [in_namespace, name] = service_name(rule.service);
  const std::string command = name.empty()
                                  ? fmt::format("kubectl get services -A | grep -e :{}/", port)
                                  : fmt::format("kubectl -n {} edit service {}",
                                                shell_word(in_namespace), shell_word(name));
  const bool node_port = entry_of(rule, context) == ServiceEntry::node_port;
  return fmt::format("{}: give it another {}, or change {}", command,
                     node_port ? "nodePort" : "port or address", mover);
}

}  // namespace

std::string arriving_words(const NatRule& rule, TakenTraffic taken, const Bind& server) {
  const PacketScope& scope = rule.scope;
  const IpAddress local = server.address.unmapped();
  std::string words = "what arrives";
  if (scope.is_conditional()) {
    words = "some of what arrives";
  } else if (!rule.prerouting) {
    words = "what this node itself sends";
  } else if (!scope.arrives_on.empty()) {
    words = interface_words(scope.arrives_on);
  } else if (scope.destination && local.is_wildcard()) {
    return "what arrives at " + scope.destination->to_string();
  }
  const bool both =
      local.family == AddressFamily::ipv6 && local.is_wildcard() && server.v6only != true;
  if (!both || (taken.ipv4 && taken.ipv6)) return words;
  return words + (taken.ipv4 ? " over IPv4" : " over IPv6");
}

std::string destination_words(const Holder& rule) {
  if (!rule.pod.empty()) return fmt::format("pod {}/{}", rule.namespace_, rule.pod);
  if (rule.nat->effect == NatEffect::reject)
    return "nobody (it has no server, so that connections are refused)";
  std::string words;
  for (const NatTarget& target : rule.nat->targets) {
    words += (words.empty() ? "" : ", ") + target.to_string();
  }
  return words.empty() ? "another address" : words;
}

std::string taker_words(const Holder& holder, const FindingContext& context) {
  const NatRule& rule = *holder.nat;
  if (!holder.owner.container_runtime.empty()) return "the published port of " + holder.name;
  if (is_host_port(rule)) return "a hostPort rule";
  if (is_node_port(rule)) {
    return fmt::format("{} of {}", name_of_entry(entry_of(rule, context)),
                       rule.service.empty() ? "a Service" : "Service " + rule.service);
  }
  if (rule.owner == RuleOwner::other) return fmt::format("the rule \"{}\"", rule.text);
  return fmt::format("the rule \"{}\" of {}", rule.text, to_string(rule.owner));
}

ServiceName service_name(std::string_view service) {
  const auto slash = service.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view name = service.substr(slash + 1);
  return {service.substr(0, slash), name.substr(0, name.find(':'))};
}

std::string filter_words(const NatRule& rule) {
  if (rule.owner == RuleOwner::kube_proxy && !rule.service.empty()) {
    return fmt::format("kube-proxy's rule \"{}\" for Service {}", rule.text, rule.service);
  }
  if (rule.owner == RuleOwner::other) return fmt::format("rule \"{}\"", rule.text);
  return fmt::format("rule \"{}\" of {}", rule.text, to_string(rule.owner));
}

// iptables' tables have well-known names and base chains; nft's may share only the table's name.
bool is_of_iptables(const NatRule& rule) {
  static constexpr std::array<std::string_view, 5> kTables = {"raw", "mangle", "nat", "filter",
                                                              "security"};
  static constexpr std::array<std::string_view, 5> kChains = {"PREROUTING", "INPUT", "FORWARD",
                                                              "OUTPUT", "POSTROUTING"};
  return !rule.of_inet && contains(kTables, rule.table) && !rule.chains.empty() &&
         contains(kChains, rule.chains.front());
}

// An nft command, or an iptables command for a table of iptables.
std::string show_rule_command(const NatRule& rule) {
  if (rule.source == NatSource::ipvs) return "ipvsadm -Ln";
  const bool ipv6 = rule.scope.family == AddressFamily::ipv6;
  const std::string family = rule.of_inet ? "inet" : ipv6 ? "ip6" : "ip";
  if (!is_of_iptables(rule)) {
    return fmt::format("nft -a list table {} {}", family, shell_word(rule.table));
  }
  return fmt::format("{}tables{} -t {} -S | grep -e {}", family,
                     rule.source == NatSource::ip_tables ? "-legacy" : "", rule.table,
                     shell_word(rule.chains.back()));
}

std::string remedy_against_rule(const Holder& rule, const std::string& mover,
                                const FindingContext& context) {
  const NatRule& nat = *rule.nat;
  const auto port = rule.socket.local_port;
  if (is_node_port(nat)) return against_service(nat, port, mover, context);
  if (!rule.pod.empty()) {
    return fmt::format("kubectl -n {} describe pod {}, and change its hostPort or {}",
                       shell_word(rule.namespace_), shell_word(rule.pod), mover);
  }
  if (const std::string stop = stop_container(rule.owner, port); !stop.empty()) {
    return fmt::format("{}, or change {}", stop, mover);
  }
  if (contains(nat.chains, "DOCKER-INGRESS")) {
    return fmt::format(
        "docker service update --publish-rm TARGET_PORT SERVICE (docker service ls shows them: "
        "*:{}->TARGET_PORT), or change {}",
        port, mover);
  }
  if (nat.owner == RuleOwner::docker) {
    return fmt::format("stop the container that docker ps --filter publish={} shows, or change {}",
                       port, mover);
  }
  if (nat.owner == RuleOwner::podman) {
    return fmt::format("stop the container that podman port --all shows for {}, or change {}", port,
                       mover);
  }
  return fmt::format("change {}; inspect with: {}", mover, show_rule_command(nat));
}

}  // namespace hostnet
