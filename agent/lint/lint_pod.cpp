#include "agent/lint/lint_pod.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/document/fields.h"
#include "netlink/base/nearest.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 4> kDnsPolicies{"ClusterFirst", "ClusterFirstWithHostNet",
                                                       "Default", "None"};

bool has_lasting_ports(const Container& container) {
  return container.type == ContainerType::container || container.type == ContainerType::sidecar;
}

std::string port_text(Protocol protocol, std::uint16_t port) {
  return fmt::format("{}/{}", port, to_string(protocol));
}

}  // namespace

std::uint16_t host_port_of(const Pod& pod, const Container& container, const ContainerPort& port) {
  if (!has_lasting_ports(container)) return 0;
  return port.host_port == 0 && pod.host_network ? port.container_port : port.host_port;
}

Lint& ObjectLinter::add(std::string_view code, Severity severity, unsigned line,
                        std::string message, std::string remedy) {
  lints_.push_back({.code = std::string(code),
                    .severity = severity,
                    .file = object_.file,
                    .document = object_.document,
                    .line = line,
                    .namespace_ = object_.pod.namespace_,
                    .pod = object_.pod.name,
                    .workload = object_.pod.workload,
                    .container = "",
                    .protocol = std::nullopt,
                    .port = std::nullopt,
                    .message = std::move(message),
                    .remedy = std::move(remedy)});
  return lints_.back();
}

bool ObjectLinter::declares_host_ports() const {
  return std::ranges::any_of(object_.pod.containers, [&](const Container& container) {
    return std::ranges::any_of(container.ports, [&](const ContainerPort& port) {
      return host_port_of(object_.pod, container, port) != 0;
    });
  });
}

void ObjectLinter::lint_pod() {
  lint_dns_policy();
  for (std::size_t i = 0; i < object_.pod.containers.size(); ++i) {
    lint_container(object_.pod.containers[i], object_.notes.containers[i]);
  }
}

void ObjectLinter::lint_dns_policy() {
  const std::string& policy = object_.pod.dns_policy;
  const PodNotes& notes = object_.notes;
  if (!policy.empty() && std::ranges::find(kDnsPolicies, policy) == kDnsPolicies.end()) {
    const std::string_view meant = nearest(policy, kDnsPolicies);
    add("unknown_dns_policy", Severity::critical, notes.dns_policy_line,
        fmt::format("dnsPolicy {} does not exist: the API server rejects the pod",
                    shown_text(policy)),
        fmt::format("write dnsPolicy: {}", !meant.empty()             ? meant
                                           : object_.pod.host_network ? "ClusterFirstWithHostNet"
                                                                      : "ClusterFirst"));
  } else if (object_.pod.host_network && (policy.empty() || policy == "ClusterFirst")) {
    add("dns_policy", Severity::info,
        notes.dns_policy_line != 0 ? notes.dns_policy_line : notes.host_network_line,
        fmt::format("with hostNetwork, dnsPolicy ClusterFirst{} means Default: cluster names do "
                    "not resolve",
                    policy.empty() ? " (the default)" : ""),
        "write dnsPolicy: ClusterFirstWithHostNet if the pod needs cluster names, else Default");
  }
}

void ObjectLinter::lint_container(const Container& container, const ContainerNotes& notes) {
  if (notes.host_network_line != 0) {
    add("container_host_network", Severity::warning, notes.host_network_line,
        "a container has no field hostNetwork: it is dropped or refused, and the containers of a "
        "pod always share one network",
        "set hostNetwork in the pod's spec, or make two pods of it")
        .container = container.name;
  }
  if (object_.pod.host_network && has_lasting_ports(container) && container.ports.empty()) {
    add("no_declared_port", Severity::info, notes.line,
        "a hostNetwork container that declares no port: if it listens, the scheduler may put two "
        "of it on one node and nobody sees a conflict",
        "declare each port it listens on under ports: containerPort")
        .container = container.name;
  }
  for (std::size_t i = 0; i < container.ports.size(); ++i) {
    lint_port(container, container.ports[i], notes.port_lines[i]);
  }
}

void ObjectLinter::lint_port(const Container& container, const ContainerPort& port, unsigned line) {
  const std::uint16_t host_port = host_port_of(object_.pod, container, port);
  if (object_.pod.host_network && port.host_port != 0 && port.host_port != port.container_port) {
    Lint& lint =
        add("host_port_mismatch", Severity::critical, line,
            fmt::format("hostPort {} differs from containerPort {}: with hostNetwork nothing is "
                        "mapped and the API server rejects it",
                        port.host_port, port.container_port),
            fmt::format("set both to the port that the process listens on, or leave hostPort out"));
    lint.container = container.name;
    lint.protocol = port.protocol;
    lint.port = port.host_port;
  }
  if (host_port == 0) return;
  lint_ranges(port.protocol, host_port, container, line);
}

void ObjectLinter::lint_ranges(Protocol protocol, std::uint16_t port, const Container& container,
                               unsigned line) {
  const auto about_port = [&](Lint& lint) {
    lint.container = container.name;
    lint.protocol = protocol;
    lint.port = port;
  };
  const std::string text = port_text(protocol, port);
  if (policy_.node_port_range.contains(port)) {
    about_port(add("in_node_port_range", Severity::warning, line,
                   fmt::format("{} is inside of the NodePort range {}-{}: a Service may be given "
                               "it, and then takes its traffic",
                               text, policy_.node_port_range.first, policy_.node_port_range.last),
                   "choose a port outside of the range"));
  }
  const bool kept_free = std::ranges::any_of(
      ranges_.reserved, [&](const PortRange& range) { return range.contains(port); });
  if (object_.pod.host_network && protocol != Protocol::sctp && ranges_.ephemeral.contains(port) &&
      !kept_free) {
    about_port(add("in_ephemeral_range", Severity::warning, line,
                   fmt::format("{} is inside of the ephemeral range {}-{}: an outgoing connection "
                               "may have it when the pod starts",
                               text, ranges_.ephemeral.first, ranges_.ephemeral.last),
                   fmt::format("choose a port outside of the range, or on every node add {} to "
                               "net.ipv4.ip_local_reserved_ports",
                               port)));
  }
  for (const ReservedPorts& reserved : policy_.reserved_ports) {
    if (!reserved.ports.contains(port)) continue;
    if (reserved.protocol && *reserved.protocol != protocol) continue;
    about_port(add("reserved_port", Severity::info, line,
                   fmt::format("{} is kept for {}", text, reserved.reason),
                   "choose another port, or take it out of reserved_ports"));
    break;
  }
  if (protocol == Protocol::sctp) {
    about_port(add("unsupported_protocol", Severity::info, line,
                   fmt::format("{}: SCTP sockets are not scanned", text),
                   "inspect with: cat /proc/net/sctp/eps on the node"));
  }
}

void ObjectLinter::lint_workload() {
  const bool scales = object_.kind == "Deployment" || object_.kind == "StatefulSet" ||
                      object_.kind == "ReplicaSet" || object_.kind == "ReplicationController";
  if (scales && object_.pod.host_network && object_.replicas > 1) {
    add("several_replicas", Severity::warning, object_.replicas_line,
        declares_host_ports()
            ? fmt::format("{} replicas with hostNetwork: at most one fits on a node, the others "
                          "stay Pending where there are fewer nodes",
                          object_.replicas)
            : fmt::format("{} replicas with hostNetwork and no declared port: two may come to one "
                          "node, where the second cannot bind",
                          object_.replicas),
        "use a DaemonSet, or as many eligible nodes as replicas and a podAntiAffinity");
  }
  if (!object_.pod.host_network && !declares_host_ports()) return;
  // Deployment: 25 % unless said otherwise, rounded up. DaemonSet: 0.
  const bool deployment = object_.kind == "Deployment";
  if ((!deployment && object_.kind != "DaemonSet") || object_.strategy_type == "Recreate" ||
      object_.strategy_type == "OnDelete") {
    return;
  }
  const bool given = !object_.max_surge.empty();
  if (given ? object_.max_surge == "0" || object_.max_surge == "0%" : !deployment) return;
  const unsigned line = object_.max_surge_line != 0  ? object_.max_surge_line
                        : object_.strategy_line != 0 ? object_.strategy_line
                                                     : object_.notes.line;
  add("max_surge", Severity::warning, line,
      fmt::format("maxSurge {} starts the new pod beside the old one: on the same node its host "
                  "ports are still taken, and the update waits for ever",
                  given ? object_.max_surge : "25% (the default)"),
      deployment ? "set maxSurge: 0 and maxUnavailable: 1, or strategy type Recreate"
                 : "set maxSurge: 0");
}

void ObjectLinter::lint_namespace(const ManifestNamespace& name_space) {
  if (name_space.enforce == "privileged") return;
  std::string uses;
  unsigned line = 0;
  const auto use = [&](bool used, std::string_view what, unsigned at) {
    if (!used) return;
    uses += uses.empty() ? "" : ", ";
    uses += what;
    if (line == 0 || (at != 0 && at < line)) line = at;
  };
  const PodNotes& notes = object_.notes;
  use(notes.host_network_line != 0, "hostNetwork", notes.host_network_line);
  use(notes.host_pid_line != 0, "hostPID", notes.host_pid_line);
  use(notes.host_ipc_line != 0, "hostIPC", notes.host_ipc_line);
  use(notes.host_path_line != 0, "hostPath", notes.host_path_line);
  for (std::size_t i = 0; i < object_.pod.containers.size(); ++i) {
    const auto& ports = object_.pod.containers[i].ports;
    const auto with_host_port =
        std::ranges::find_if(ports, [](const ContainerPort& port) { return port.host_port != 0; });
    if (with_host_port == ports.end()) continue;
    use(true, "hostPort",
        notes.containers[i].port_lines[static_cast<std::size_t>(with_host_port - ports.begin())]);
    break;
  }
  if (uses.empty()) return;
  const bool silent = name_space.enforce.empty();
  add("pod_security", silent ? Severity::warning : Severity::critical, line,
      silent ? fmt::format("{} in namespace {}, which has no pod-security.kubernetes.io/enforce "
                           "label: refused where the cluster's default is stricter than privileged",
                           uses, name_space.name)
             : fmt::format("{} in namespace {}, which enforces {}: its pods are refused", uses,
                           name_space.name, shown_text(name_space.enforce)),
      fmt::format("kubectl label namespace {} --overwrite "
                  "pod-security.kubernetes.io/enforce=privileged",
                  name_space.name));
}

}  // namespace hostnet
