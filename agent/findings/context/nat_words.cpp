#include "agent/findings/context/nat_words.h"

#include <fmt/format.h>

#include "agent/findings/context/remedy.h"
#include "netlink/nat/recognize.h"

namespace hostnet {
namespace {

struct ServiceName {
  std::string_view in_namespace, name;
};
// "default/web:http" → default, web.
ServiceName service_name(std::string_view service) {
  const auto slash = service.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view name = service.substr(slash + 1);
  return {service.substr(0, slash), name.substr(0, name.find(':'))};
}

std::string interface_words(const InterfaceMatches& interfaces) {
  std::string words;
  for (const InterfaceMatch& match : interfaces) {
    words += fmt::format("{}{}{}{}", words.empty() ? "" : " and ",
                         match.other ? "interfaces other than " : "", match.name,
                         match.prefix ? "*" : "");
  }
  return "what arrives on " + words;
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

std::string taker_words(const NatRule& rule) {
  if (!is_node_port(rule)) return "a hostPort rule";
  return "a NodePort of " + (rule.service.empty() ? "a Service" : "Service " + rule.service);
}

std::string show_rule_command(const NatRule& rule) {
  const bool ipv6 = rule.scope.family == AddressFamily::ipv6;
  const std::string family = ipv6 ? "ip6" : "ip";
  if (rule.source == NatSource::ipvs) return "ipvsadm -Ln";
  if (rule.table != "nat") return fmt::format("nft -a list table {} {}", family, rule.table);
  return fmt::format("{}tables{} -t nat -S | grep -e {}", family,
                     rule.source == NatSource::ip_tables ? "-legacy" : "",
                     shell_word(rule.chains.back()));
}

std::string remedy_against_rule(const Holder& rule, const std::string& mover) {
  if (!rule.pod.empty()) {
    return fmt::format("kubectl -n {} describe pod {}, and change its hostPort or {}",
                       shell_word(rule.namespace_), shell_word(rule.pod), mover);
  }
  const auto [in_namespace, name] = service_name(rule.nat->service);
  if (rule.nat->owner == RuleOwner::kube_proxy && !name.empty()) {
    return fmt::format("kubectl -n {} edit service {}: give it another nodePort, or change {}",
                       shell_word(in_namespace), shell_word(name), mover);
  }
  return fmt::format("change {}; inspect with: {}", mover, show_rule_command(*rule.nat));
}

}  // namespace hostnet
