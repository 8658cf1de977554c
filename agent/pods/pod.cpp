#include "agent/pods/pod.h"

#include <algorithm>

namespace hostnet {
namespace {

bool counts_as_declaring(ContainerType type) {
  return type == ContainerType::container || type == ContainerType::sidecar;
}

bool is_declared(const std::vector<DeclaredPort>& declared, const ContainerPort& port) {
  return std::ranges::any_of(declared, [&](const DeclaredPort& other) {
    return other.protocol == port.protocol && other.port == port.host_port &&
           other.host_ip == port.host_ip;
  });
}

DeclaredPort declare(const Pod& pod, const Container& container, const ContainerPort& port) {
  DeclaredPort declared;
  declared.namespace_ = pod.namespace_;
  declared.pod = pod.name;
  declared.uid = pod.uid;
  declared.config_hash = pod.config_hash;
  declared.workload = pod.workload;
  declared.container = container.name;
  declared.container_type = container.type;
  declared.mode = pod.host_network ? PortMode::host_network : PortMode::host_port;
  declared.protocol = port.protocol;
  declared.port = port.host_port;
  declared.container_port = port.container_port;
  declared.host_ip = port.host_ip;
  if (const auto address = parse_ip(port.host_ip)) declared.address = *address;
  declared.phase = pod.phase;
  declared.container_state = container.state;
  declared.reason = container.reason;
  declared.restarts = container.restarts;
  declared.ready = container.ready;
  declared.ready_since = container.ready_since;
  declared.terminating = pod.deleted_at.has_value();
  declared.dns_policy = pod.dns_policy;
  declared.source = pod.source;
  return declared;
}

}  // namespace

std::string_view to_string(ContainerType type) {
  switch (type) {
    case ContainerType::container: return "container";
    case ContainerType::sidecar: return "sidecar";
    case ContainerType::init: return "init";
    case ContainerType::ephemeral: return "ephemeral";
  }
  return "container";
}

std::string_view to_string(PortMode mode) {
  return mode == PortMode::host_network ? "hostNetwork" : "hostPort";
}

std::vector<DeclaredPort> declared_ports(const Pod& pod) {
  std::vector<DeclaredPort> declared;
  if (pod.terminal()) return declared;
  for (const Container& container : pod.containers) {
    if (!counts_as_declaring(container.type)) continue;
    for (const ContainerPort& port : container.ports) {
      // SetDefaults_Pod does this in the API server, which a file on disk never passed through.
      ContainerPort set = port;
      if (set.host_port == 0 && pod.host_network) set.host_port = set.container_port;
      if (set.host_ip.empty()) set.host_ip = "0.0.0.0";
      if (set.host_port == 0 || is_declared(declared, set)) continue;
      declared.push_back(declare(pod, container, set));
    }
  }
  return declared;
}

}  // namespace hostnet
