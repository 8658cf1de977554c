#include "agent/lint/lint_pod.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/config/port_numbers.h"
#include "agent/document/fields.h"
#include "netlink/base/nearest.h"
#include "netlink/base/ranges.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 4> kDnsPolicies{"ClusterFirst", "ClusterFirstWithHostNet",
                                                       "Default", "None"};

bool has_lasting_ports(const Container& container) {
  return container.type == ContainerType::container || container.type == ContainerType::sidecar;
}

bool is_ipv6_wildcard(std::string_view host_ip) {
  const auto address = parse_ip(host_ip);
  return address && address->family == AddressFamily::ipv6 && address->is_wildcard();
}

std::string port_text(Protocol protocol, std::uint16_t port) {
  return fmt::format("{}/{}", port, to_string(protocol));
}

}  // namespace

std::uint16_t host_port_of(const Pod& pod, const Container& container, const ContainerPort& port) {
  if (!has_lasting_ports(container)) return 0;
  return port.host_port == 0 && pod.host_network ? port.container_port : port.host_port;
}

Lint& ObjectLinter::add(LintCode code, unsigned line, std::string message, std::string remedy) {
  lints_.push_back({.code = std::string(code.text()),
                    .severity = code.severity(),
                    .file = object_.file,
                    .document = object_.document,
                    .line = line,
                    .namespace_ = object_.pod.namespace_,
                    .pod = object_.pod.name,
                    .workload = object_.pod.workload,
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
  lint_own_users();
  for (std::size_t i = 0; i < object_.pod.containers.size(); ++i) {
    lint_container(object_.pod.containers[i], object_.notes.containers[i]);
  }
}

void ObjectLinter::lint_dns_policy() {
  const std::string& policy = object_.pod.dns_policy;
  const PodNotes& notes = object_.notes;
  if (!policy.empty() && !contains(kDnsPolicies, policy)) {
    const std::string_view meant = nearest(policy, kDnsPolicies);
    add("unknown_dns_policy", notes.dns_policy_line,
        fmt::format("dnsPolicy {} does not exist: the API server rejects the pod",
                    shown_text(policy)),
        fmt::format("set dnsPolicy: {}", !meant.empty()             ? meant
                                         : object_.pod.host_network ? "ClusterFirstWithHostNet"
                                                                    : "ClusterFirst"));
  } else if (object_.pod.host_network && (policy.empty() || policy == "ClusterFirst")) {
    add("dns_policy", notes.dns_policy_line != 0 ? notes.dns_policy_line : notes.host_network_line,
        fmt::format("with hostNetwork, dnsPolicy ClusterFirst{} means Default: cluster names do "
                    "not resolve",
                    policy.empty() ? " (the default)" : ""),
        "set dnsPolicy: ClusterFirstWithHostNet if the pod needs cluster names, else Default");
  }
}

// The kernel requires CAP_NET_BIND_SERVICE in the user namespace that owns the network namespace.
void ObjectLinter::lint_own_users() {
  if (!object_.pod.host_network || object_.notes.own_users_line == 0) return;
  add("own_users", object_.notes.own_users_line,
      "hostUsers: false with hostNetwork: the API server rejects the pod unless it has the feature "
      "UserNamespacesHostNetworkSupport (alpha since 1.35), and then its processes cannot bind a "
      "port below 1024 (EACCES)",
      "remove one of the two, or use ports from 1024 up");
}

void ObjectLinter::lint_container(const Container& container, const ContainerNotes& notes) {
  if (notes.host_network_line != 0) {
    add("container_host_network", notes.host_network_line,
        "containers have no field hostNetwork: the API server ignores or rejects it, and all "
        "containers of a pod share one network",
        "set hostNetwork in the pod spec, or split the pod in two")
        .container = container.name;
  }
  if (object_.pod.host_network && has_lasting_ports(container) && container.ports.empty()) {
    add("no_declared_port", notes.line,
        "a hostNetwork container declares no port: if it listens, the scheduler may place two of "
        "them on one node",
        "declare each port it listens on under ports: containerPort")
        .container = container.name;
  }
  for (std::size_t i = 0; i < container.ports.size(); ++i) {
    lint_port(container, container.ports[i], notes.port_lines[i]);
    lint_sidecar_port(container, container.ports[i], notes.port_lines[i]);
    lint_node_port(container, container.ports[i], notes.port_lines[i]);
  }
}

void ObjectLinter::lint_port(const Container& container, const ContainerPort& port, unsigned line) {
  const std::uint16_t host_port = host_port_of(object_.pod, container, port);
  if (object_.pod.host_network && port.host_port != 0 && port.host_port != port.container_port) {
    Lint& lint =
        add("host_port_mismatch", line,
            fmt::format("hostPort {} differs from containerPort {}: with hostNetwork nothing is "
                        "mapped and the API server rejects it",
                        port.host_port, port.container_port),
            fmt::format("set both to the port that the process listens on, or remove hostPort"));
    lint.container = container.name;
    lint.protocol = port.protocol;
    lint.port = port.host_port;
  }
  if (host_port == 0) return;
  if (is_ipv6_wildcard(port.host_ip)) {
    Lint& lint = add("scheduler_blind", line,
                     "the scheduler compares hostIP :: as text: a pod that declares the port "
                     "without it may land on the same node",
                     "remove hostIP, or set it to 0.0.0.0");
    lint.container = container.name;
    lint.protocol = port.protocol;
    lint.port = host_port;
  }
  lint_ranges(port.protocol, host_port, container, line);
}

// kubelet requests only the ports of `containers` from the runtime; the scheduler also counts those
// of sidecars.
void ObjectLinter::lint_sidecar_port(const Container& container, const ContainerPort& port,
                                     unsigned line) {
  if (container.type != ContainerType::sidecar || object_.pod.host_network) return;
  if (port.host_port == 0) return;
  Lint& lint = add("sidecar_host_port", line,
                   fmt::format("the hostPort {} of a sidecar (an init container that always "
                               "restarts) is taken on the node, and never forwarded by kubelet",
                               port.host_port),
                   "declare the hostPort on a regular container of the pod, or use hostNetwork");
  lint.container = container.name;
  lint.protocol = port.protocol;
  lint.port = port.host_port;
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
    about_port(add(
        "in_node_port_range", line,
        fmt::format(
            "{} is in the NodePort range {}-{}: a Service may get it, and then takes its traffic",
            text, policy_.node_port_range.first, policy_.node_port_range.last),
        "choose a port outside the range"));
  }
  if (object_.pod.host_network && protocol != Protocol::sctp &&
      may_be_taken_by_a_connection(port, ranges_)) {
    about_port(add("in_ephemeral_range", line,
                   fmt::format("{} is in the ephemeral range {}-{}: an outgoing connection may "
                               "hold it when the pod starts",
                               text, ranges_.ephemeral.first, ranges_.ephemeral.last),
                   fmt::format("choose a port outside the range, or on every node add {} to "
                               "net.ipv4.ip_local_reserved_ports",
                               port)));
  }
  if (const ReservedPorts* reserved = reservation_of(protocol, port, policy_)) {
    about_port(add("reserved_port", line,
                   fmt::format("{} is reserved for {}", text, reserved->reason),
                   "choose another port, or take it out of reserved_ports"));
  }
  if (protocol == Protocol::sctp) {
    about_port(add("unsupported_protocol", line,
                   fmt::format("{}: not every kernel lists SCTP sockets", text),
                   "inspect with: cat /proc/net/sctp/eps on the node"));
  }
}

void ObjectLinter::lint_workload() {
  lint_api_version();
  const ObjectKind* kind = find_object_kind(object_.api_version, object_.kind);
  if (kind == nullptr) return;
  lint_replicas(*kind);
  if (object_.pod.host_network || declares_host_ports()) lint_update(*kind);
}

void ObjectLinter::lint_api_version() {
  const RemovedApi* removed = find_removed_api(object_.api_version, object_.kind);
  if (removed == nullptr) return;
  add("removed_api_version", object_.api_version_line,
      fmt::format("{} {} was removed in Kubernetes {}: newer API servers reject it",
                  removed->api_version, removed->kind, removed->removed_in),
      fmt::format("set apiVersion: {}, or convert it with kubectl convert", removed->instead));
}

void ObjectLinter::lint_replicas(const ObjectKind& kind) {
  if (!kind.has_replicas || !object_.pod.host_network || object_.replicas <= 1) return;
  add("several_replicas", object_.replicas_line,
      declares_host_ports() ? fmt::format("{} replicas with hostNetwork: only one fits on a node, "
                                          "the rest stay Pending if there are fewer nodes",
                                          object_.replicas)
                            : fmt::format("{} replicas with hostNetwork and no declared port: two "
                                          "may land on one node, where the second cannot bind",
                                          object_.replicas),
      "use a DaemonSet, or as many eligible nodes as replicas and a podAntiAffinity");
}

// A rolling update starts max_surge pods first, which need the same ports as the running ones. If
// it may end a pod first, that pod's port becomes free and the update continues.
void ObjectLinter::lint_update(const ObjectKind& kind) {
  const UpdateStrategy& update = object_.update;
  if (update.type == "Recreate" || update.type == "OnDelete") return;
  const bool given = !update.max_surge.empty();
  const std::string surge = given ? update.max_surge : std::string(kind.default_surge);
  if (!update.side_by_side) {
    if (surge.empty() || surge == "0" || surge == "0%") return;
    if (!kind.per_node && ends_one_first(surge)) return;
  }
  const bool same_node =
      kind.per_node || !object_.pod.node_name.empty() || is_for_one_node(object_.nodes);
  const std::string what = update.side_by_side
                               ? std::string("strategy blueGreen runs all new pods beside the old")
                               : fmt::format("maxSurge {} starts a new pod before an old one ends",
                                             given ? surge : surge + " (the default)");
  const unsigned line = update.max_surge_line != 0 ? update.max_surge_line
                        : update.line != 0         ? update.line
                                                   : object_.notes.line;
  add("max_surge", line,
      same_node
          ? fmt::format(
                "{}, on the same node, where its host ports are taken: the update never finishes",
                what)
          : fmt::format("{}: the update hangs unless another eligible node has the host ports free",
                        what),
      kind.per_node ? "set maxSurge: 0"
                    : "set maxSurge: 0 and maxUnavailable: 1, or strategy type Recreate");
}

// Counts like the Deployment controller: maxUnavailable defaults to 25 %, rounded down; if neither
// surge nor unavailability is allowed, one pod may be unavailable.
bool ObjectLinter::ends_one_first(std::string_view surge) const {
  const auto share = [&](std::string_view text, bool up) -> std::int64_t {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const auto number = parse_number<std::int64_t>(text);
    if (!number || *number < 0 || *number > 1'000'000) return 0;
    if (!percent) return *number;
    const std::int64_t replicas = std::clamp<std::int64_t>(object_.replicas, 0, 1'000'000);
    return (*number * replicas + (up ? 99 : 0)) / 100;
  };
  const std::string& written = object_.update.max_unavailable;
  const std::int64_t unavailable = share(written.empty() ? "25%" : written, false);
  return unavailable > 0 || share(surge, true) == 0;
}

// If these pods themselves are the Service's backends, no traffic is lost.
bool ObjectLinter::is_backend_of(const ManifestNodePort& node_port) const {
  const auto has_label = [&](const auto& label) { return contains(object_.labels, label); };
  return !node_port.selector.empty() && node_port.namespace_ == object_.pod.namespace_ &&
         std::ranges::all_of(node_port.selector, has_label);
}

// kube-proxy, or its replacement, takes a NodePort's traffic before it reaches a socket or a
// hostPort.
void ObjectLinter::lint_node_port(const Container& container, const ContainerPort& port,
                                  unsigned line) {
  const std::uint16_t host_port = host_port_of(object_.pod, container, port);
  const auto [first, last] = node_ports_.equal_range({port.protocol, host_port});
  const auto taken =
      std::find_if(first, last, [&](const auto& entry) { return !is_backend_of(*entry.second); });
  if (taken == last) return;
  const ManifestNodePort& node_port = *taken->second;
  Lint& lint =
      add("node_port_collision", line,
          fmt::format("Service {}/{} has {} as its {} ({} line {}): kube-proxy {}",
                      node_port.namespace_, node_port.service, port_text(port.protocol, host_port),
                      node_port.health_check ? "healthCheckNodePort" : "NodePort", node_port.file,
                      node_port.line,
                      node_port.health_check ? "itself listens on it"
                                             : "takes its traffic on every address of the node"),
          fmt::format("choose another port here, or another {} there",
                      node_port.health_check ? "healthCheckNodePort" : "nodePort"));
  lint.container = container.name;
  lint.protocol = port.protocol;
  lint.port = host_port;
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
  Lint& lint = add(
      "pod_security", line,
      silent
          ? fmt::format("{} in namespace {}, which has no pod-security.kubernetes.io/enforce "
                        "label: rejected where the cluster's default is stricter than privileged",
                        uses, name_space.name)
          : fmt::format("{} in namespace {}, which enforces {}: its pods are rejected", uses,
                        name_space.name, shown_text(name_space.enforce)),
      fmt::format("kubectl label namespace {} --overwrite "
                  "pod-security.kubernetes.io/enforce=privileged",
                  name_space.name));
  if (silent) lint.severity = Severity::warning;
}

}  // namespace hostnet
