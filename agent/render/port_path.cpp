#include "agent/render/port_path.h"

#include <fmt/format.h>

#include <utility>

#include "agent/findings/context/nat_words.h"
#include "agent/render/host_ports.h"
#include "agent/render/words.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using Kind = PathStep::Kind;

std::string client_of(const NatRule& rule) {
  if (rule.prerouting && rule.output) return "remote and local clients";
  return rule.output ? "local clients" : "remote clients";
}

PortPath path_by_rule(const Holder& holder) {
  const NatRule& rule = *holder.nat;
  const auto& destination = rule.scope.destination;
  PortPath path;
  path.steps.push_back({Kind::client, client_of(rule), ""});
  path.steps.push_back({Kind::address,
                        destination && destination->first == destination->last
                            ? destination->first.to_string()
                            : "every address of the node",
                        ""});
  path.steps.push_back({Kind::rule, rule.text,
                        rule.owner == RuleOwner::other ? "" : std::string(to_string(rule.owner))});
  const std::string to = destination_words(holder);
  path.steps.push_back({rule.effect == NatEffect::reject ? Kind::nobody : Kind::pod, to, ""});
  return path;
}

std::string socket_words(const Holder& holder) {
  const Socket& socket = holder.socket;
  return fmt::format("{} {}", to_string(socket.protocol), state_words(holder));
}

PortPath path_to_socket(const Holder& holder, bool after_rules) {
  const Socket& socket = holder.socket;
  PortPath path;
  path.steps.push_back({Kind::client,
                        socket.local.unmapped().is_loopback() ? "local clients" : "clients",
                        after_rules ? "not matched by a rule above" : ""});
  path.steps.push_back({Kind::address, endpoint_words(socket.local, socket.local_port),
                        socket.local.is_wildcard() ? "every address of the node" : holder.device});
  path.steps.push_back({Kind::socket, socket_words(holder),
                        socket.inode == 0 ? std::string() : fmt::format("inode {}", socket.inode)});
  path.steps.push_back({Kind::process, holder_words(holder), holder.owner.exe});
  if (!holder.pod.empty()) {
    path.steps.push_back({Kind::pod, holder.namespace_ + "/" + holder.pod, ""});
  } else if (!holder.owner.unit.empty()) {
    path.steps.push_back({Kind::pod, holder.owner.unit, "outside Kubernetes"});
  }
  return path;
}

// Traffic of a hostPort that captures too much does arrive at its pod.
bool leads_to_its_pod(Verdict verdict) {
  return verdict == Verdict::hostport_hijacks_listener ||
         verdict == Verdict::hostport_hijacks_service;
}

// Who declares the port and loses it to that holder, according to the report's conflicts.
std::string losers_to(const Report& report, const HostPort& port, const Holder& holder) {
  for (const Finding& finding : report.findings) {
    const bool here = finding.port == port.port && finding.protocol == port.protocol;
    if (!here || finding.ignored || leads_to_its_pod(finding.verdict)) continue;
    if (class_of(finding.verdict) != FindingClass::conflict) continue;
    if (!contains(finding.held_by, holder)) continue;
    return declarations_words(finding.declared_by);
  }
  return "";
}

}  // namespace

std::string_view to_string(PathStep::Kind kind) {
  switch (kind) {
    case Kind::client: return "client";
    case Kind::rule: return "rule";
    case Kind::address: return "address";
    case Kind::socket: return "socket";
    case Kind::process: return "process";
    case Kind::pod: return "goes to";
    case Kind::nobody: return "nobody";
  }
  return "";
}

std::vector<PortPath> port_paths(const Report& report, std::uint16_t port, Protocol protocol) {
  std::vector<PortPath> paths;
  const auto ports = host_ports(report, {.port = port, .protocol = protocol});
  for (const HostPort& known : ports) {
    const auto add = [&](PortPath path, const Holder& holder) {
      path.instead_of = losers_to(report, known, holder);
      paths.push_back(std::move(path));
    };
    for (const Holder* holder : known.holders) {
      if (holder->nat && !holder->nat->shadowed) add(path_by_rule(*holder), *holder);
    }
    const bool rules = !paths.empty();
    for (const Holder* holder : known.holders) {
      if (holder->owner.kind == HolderKind::nat_rule || !holder->socket.is_server()) continue;
      add(path_to_socket(*holder, rules), *holder);
    }
  }
  if (paths.empty()) {
    const std::string_view refusal =
        protocol == Protocol::tcp ? "connection refused" : "ICMP port unreachable";
    paths.push_back({.steps = {{Kind::client, "clients", ""},
                               {Kind::nobody, "nobody listens", std::string(refusal)}},
                     .instead_of = {}});
  }
  return paths;
}

}  // namespace hostnet
