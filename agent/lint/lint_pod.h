#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/lint/catalogue.h"
#include "agent/lint/lint.h"
#include "agent/pods/object_kind.h"

namespace hostnet {

// The nodePorts that Services of the same input set explicitly.
using NodePorts = std::multimap<std::pair<Protocol, std::uint16_t>, const ManifestNodePort*>;

// Lints of one object alone; lint_manifests() adds those that involve several objects.
class ObjectLinter {
 public:
  ObjectLinter(const ManifestObject& object, const Policy& policy, const PortRanges& ranges,
               const NodePorts& node_ports, std::vector<Lint>& lints)
      : object_(object), policy_(policy), ranges_(ranges), node_ports_(node_ports), lints_(lints) {}

  void lint_pod();       // dnsPolicy, containers, ports
  void lint_workload();  // API version, replicas, rolling updates
  void lint_namespace(const ManifestNamespace& name_space);

 private:
  Lint& add(LintCode code, unsigned line, std::string message, std::string remedy);
  void lint_dns_policy();
  void lint_own_users();
  void lint_container(const Container& container, const ContainerNotes& notes);
  void lint_port(const Container& container, const ContainerPort& port, unsigned line);
  void lint_ranges(Protocol protocol, std::uint16_t port, const Container& container,
                   unsigned line);
  void lint_sidecar_port(const Container& container, const ContainerPort& port, unsigned line);
  void lint_node_port(const Container& container, const ContainerPort& port, unsigned line);
  bool is_backend_of(const ManifestNodePort& node_port) const;
  void lint_api_version();
  void lint_replicas(const ObjectKind& kind);
  void lint_update(const ObjectKind& kind);
  bool ends_one_first(std::string_view surge) const;
  bool declares_host_ports() const;

  const ManifestObject& object_;
  const Policy& policy_;
  const PortRanges& ranges_;
  const NodePorts& node_ports_;
  std::vector<Lint>& lints_;
};

// The host port that results from a container's port: hostPort, or containerPort under hostNetwork;
// 0: none.
std::uint16_t host_port_of(const Pod& pod, const Container& container, const ContainerPort& port);

}  // namespace hostnet
