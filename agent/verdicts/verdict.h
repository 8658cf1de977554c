#pragma once

// The catalogue: one row per verdict with all its fixed properties. Configuration, findings,
// metrics, Events and pages read it; a test compares the README's table.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace hostnet {

enum class FindingClass { conflict, risk };
enum class Severity { critical, warning, info };

// In the order of the rows.
enum class Verdict {
  duplicate_declaration,
  node_component,
  other_pod,
  unmanaged_container,
  unmanaged_process,
  kernel_socket,
  owner_unknown,
  ephemeral_connection,
  time_wait,
  hostport_hijacks_service,
  hostport_hijacks_listener,
  nodeport_hijacks_listener,
  nat_rule_hijacks_listener,
  hostport_not_programmed,
  hostport_rule_stale,
  shared_port,
  bind_refused,
  // risks
  declared_not_listening,
  undeclared_listener,
  in_ephemeral_range,
  in_node_port_range,
  reserved_port,
  scheduler_blind,
  dns_policy,
  unsupported_protocol,
  node_port_range_in_ephemeral_range,
  hostport_rule_unguarded,
  port_filtered,
};

// The inputs of a verdict. While one of them cannot be read, it is not known whether the verdict
// still holds.
struct Inputs {
  bool pods{}, sockets{}, owners{}, rules{};
};

struct VerdictInfo {
  Verdict verdict;
  std::string_view name;  // wire name: metric label, JSON, configuration
  FindingClass finding_class;
  Severity severity;           // the highest; a rule may report a lower one
  std::chrono::seconds grace;  // how long it must hold before it is reported
  Inputs inputs;
  std::string_view event_reason;  // of Kubernetes Events and the node condition
  std::string_view meaning;       // the README's sentence
};

namespace catalogue {
using enum Verdict;
using enum FindingClass;
using enum Severity;
using std::chrono::seconds;
inline constexpr Inputs kPods{.pods = true};
inline constexpr Inputs kListeners{.pods = true, .sockets = true, .owners = true};
inline constexpr Inputs kRules{.pods = true, .rules = true};
inline constexpr Inputs kHijack{.pods = true, .sockets = true, .owners = true, .rules = true};
}  // namespace catalogue

// Conflicts in order of precedence, then risks.
inline constexpr auto kVerdicts = [] {
  using namespace catalogue;
  return std::to_array<VerdictInfo>({
      {duplicate_declaration, "duplicate_declaration", conflict, warning, seconds{0}, kPods,
       "HostPortDuplicateDeclaration", "two pods on this node declare the same port"},
      {node_component, "node_component", conflict, critical, seconds{0}, kListeners,
       "HostPortNodeComponent",
       "a node component (kubelet, the container runtime, etcd…) holds the port"},
      {other_pod, "other_pod", conflict, critical, seconds{0}, kListeners, "HostPortOtherPod",
       "another pod holds the port without declaring it"},
      {unmanaged_container, "unmanaged_container", conflict, critical, seconds{0}, kListeners,
       "HostPortUnmanagedContainer",
       "a container outside Kubernetes (docker, podman) holds the port"},
      {unmanaged_process, "unmanaged_process", conflict, critical, seconds{0}, kListeners,
       "HostPortUnmanagedProcess", "a process outside Kubernetes holds the port"},
      {kernel_socket, "kernel_socket", conflict, critical, seconds{0}, kListeners,
       "HostPortKernelSocket",
       "the kernel itself holds the port: a VXLAN or WireGuard device, an NFS server…"},
      {owner_unknown, "owner_unknown", conflict, warning, seconds{0}, kListeners,
       "HostPortOwnerUnknown", "the port is in use, but its owner cannot be identified"},
      {ephemeral_connection, "ephemeral_connection", conflict, critical, seconds{0}, kListeners,
       "HostPortEphemeralConnection", "an outgoing connection uses the port as its source port"},
      {time_wait, "time_wait", conflict, info, seconds{0}, kListeners, "HostPortTimeWait",
       "a closed connection in TIME_WAIT holds the port for up to a minute"},
      {hostport_hijacks_service, "hostport_hijacks_service", conflict, critical, seconds{0}, kRules,
       "HostPortHijacksService",
       "a hostPort also takes traffic for a Service address on this node"},
      {hostport_hijacks_listener, "hostport_hijacks_listener", conflict, critical, seconds{0},
       kHijack, "HostPortHijacksListener",
       "a hostPort takes the traffic of a process that listens on the port"},
      {nodeport_hijacks_listener, "nodeport_hijacks_listener", conflict, critical, seconds{0},
       Inputs{.sockets = true, .owners = true, .rules = true}, "NodePortHijacksListener",
       "a NodePort takes the traffic of a process that listens on the port"},
      {nat_rule_hijacks_listener, "nat_rule_hijacks_listener", conflict, critical, seconds{0},
       kHijack, "HostPortNatRuleHijacksListener",
       "another NAT rule (Docker's, firewalld's…) takes the traffic of a pod's port"},
      {hostport_not_programmed, "hostport_not_programmed", conflict, warning, seconds{60}, kRules,
       "HostPortNotProgrammed",
       "no NAT rule leads to the pod of a hostPort, so no traffic reaches it"},
      {hostport_rule_stale, "hostport_rule_stale", conflict, warning, seconds{60}, kRules,
       "HostPortRuleStale", "a NAT rule still forwards the port to a pod that is gone"},
      {shared_port, "shared_port", conflict, warning, seconds{0}, kListeners, "HostPortSharedPort",
       "a socket outside the pod shares the port through SO_REUSEPORT"},
      {bind_refused, "bind_refused", conflict, critical, seconds{0}, Inputs{},
       "HostPortBindRefused",
       "bind() failed in a pod's process, observed as it happened, and no other verdict "
       "explains it"},
      {declared_not_listening, "declared_not_listening", risk, info, seconds{0}, kListeners,
       "HostPortDeclaredNotListening", "the pod is ready, but does not listen on the port"},
      {undeclared_listener, "undeclared_listener", risk, info, seconds{0}, kListeners,
       "HostPortUndeclaredListener",
       "a hostNetwork pod listens on a port that it does not declare, so the scheduler "
       "cannot see it"},
      {in_ephemeral_range, "in_ephemeral_range", risk, warning, seconds{0}, kPods,
       "HostPortInEphemeralRange",
       "the port is in the ephemeral range: any outgoing connection may take it until it is "
       "reserved"},
      {in_node_port_range, "in_node_port_range", risk, warning, seconds{0}, kPods,
       "HostPortInNodePortRange",
       "the port is in the NodePort range: a Service may get it as its NodePort"},
      {reserved_port, "reserved_port", risk, info, seconds{0}, kListeners, "HostPortReservedPort",
       "the port is reserved for a cluster component or a standard service"},
      {scheduler_blind, "scheduler_blind", risk, info, seconds{0}, kPods, "HostPortSchedulerBlind",
       "the scheduler ignores this declaration (host IP `::`, sidecars before 1.33.6)"},
      {dns_policy, "dns_policy", risk, info, seconds{0}, kPods, "HostPortDnsPolicy",
       "hostNetwork with dnsPolicy ClusterFirst, or a dnsPolicy that does not exist"},
      {unsupported_protocol, "unsupported_protocol", risk, info, seconds{0}, kPods,
       "HostPortUnsupportedProtocol",
       "this kernel does not report who holds ports of that protocol"},
      {node_port_range_in_ephemeral_range, "node_port_range_in_ephemeral_range", risk, info,
       seconds{0}, Inputs{}, "HostPortNodePortRangeInEphemeralRange",
       "the NodePort range and the ephemeral range overlap on this node"},
      {hostport_rule_unguarded, "hostport_rule_unguarded", risk, info, seconds{0},
       Inputs{.rules = true}, "HostPortRuleUnguarded",
       "a hostPort rule also takes traffic that the node only forwards"},
      {port_filtered, "port_filtered", risk, info, seconds{0}, kRules, "HostPortPortFiltered",
       "a packet filter (a firewall, kube-proxy for a Service without endpoints) blocks all "
       "traffic from outside"},
  });
}();
inline constexpr std::size_t kVerdictCount = kVerdicts.size();
static_assert(std::ranges::all_of(kVerdicts, [](const VerdictInfo& row) {
  return &row - kVerdicts.data() == static_cast<std::ptrdiff_t>(row.verdict);
}));

constexpr const VerdictInfo& info_of(Verdict verdict) {
  return kVerdicts.at(static_cast<std::size_t>(verdict));
}
constexpr std::string_view to_string(Verdict verdict) {
  return info_of(verdict).name;
}
constexpr FindingClass class_of(Verdict verdict) {
  return info_of(verdict).finding_class;
}
std::optional<Verdict> parse_verdict(std::string_view text);
std::string_view to_string(FindingClass finding_class);
std::string_view to_string(Severity severity);

}  // namespace hostnet
