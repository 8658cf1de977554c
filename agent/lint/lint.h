#pragma once

// What is wrong or risky in manifests before they reach a node: `check -f`
// (interface.md section 5, "Lints").

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/pods/manifest.h"
#include "agent/verdicts/verdict.h"

namespace hostnet {

// Codes, with their severity. critical: the API server rejects it, or it never
// works. warning: it works until something else has the port or the place.
//   unknown_dns_policy      critical  no such dnsPolicy
//   host_port_mismatch      critical  hostPort differs from containerPort under hostNetwork
//   duplicate_declaration   critical  twice in one pod; warning: in two workloads, or in one
//                                     pod for every address and for one of them
//   pod_security            critical  the namespace enforces less; warning: it says nothing
//   container_host_network  warning   a field that containers do not have
//   several_replicas        warning   of a hostNetwork workload: one per node at most
//   max_surge               warning   an update that needs the port twice at a time
//   sidecar_host_port       warning   a sidecar's hostPort, which kubelet never forwards
//   removed_api_version     warning   servers no longer take it
//   duplicate_object        warning   two manifests for one pod or workload: one of them loses
//   host_access_misplaced   warning   hostNetwork or hostPort where the kind has no such field
//   in_node_port_range      warning
//   in_ephemeral_range      warning   hostNetwork only: a hostPort is never bound
//   reserved_port           info
//   dns_policy              info      hostNetwork with ClusterFirst falls back to Default
//   no_declared_port        info      hostNetwork without ports: the scheduler is blind
//   host_access_not_read    info      hostNetwork or hostPort in an object that is not read there
//   unsupported_protocol    info      SCTP: the agent does not scan its sockets
struct Lint {
  std::string code;
  Severity severity{};
  std::string file;
  int document{};
  unsigned line{};
  std::string namespace_, pod, workload, container;  // "" where it is about the pod
  std::optional<Protocol> protocol;
  std::optional<std::uint16_t> port;
  std::string message;  // one sentence
  std::string remedy;   // one sentence or command
  bool operator==(const Lint&) const = default;
};

// Lints of everything that one `check -f` was given, fragments too: a Namespace
// in one file counts for pods in another. In the order of the input and its
// lines. `ranges` are the node's, or the kernel's defaults when offline. Pure.
std::vector<Lint> lint_manifests(std::span<const ManifestResult> input, const Policy& policy,
                                 const PortRanges& ranges);

}  // namespace hostnet
