#include "agent/pods/pod.h"

#include <algorithm>
#include <utility>

namespace hostnet {
namespace {

bool counts_as_declaring(ContainerType type) {
  return type == ContainerType::container || type == ContainerType::sidecar;
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
      // What SetDefaults_Pod does in the API server; a file on disk never saw it.
      const std::uint16_t host_port =
          port.host_port == 0 && pod.host_network ? port.container_port : port.host_port;
      if (host_port == 0) continue;
      std::string host_ip = port.host_ip.empty() ? "0.0.0.0" : port.host_ip;
      const bool known = std::ranges::any_of(declared, [&](const DeclaredPort& other) {
        return other.protocol == port.protocol && other.port == host_port &&
               other.host_ip == host_ip;
      });
      if (known) continue;
      DeclaredPort one;
      one.namespace_ = pod.namespace_;
      one.pod = pod.name;
      one.uid = pod.uid;
      one.config_hash = pod.config_hash;
      one.workload = pod.workload;
      one.container = container.name;
      one.container_type = container.type;
      one.mode = pod.host_network ? PortMode::host_network : PortMode::host_port;
      one.protocol = port.protocol;
      one.port = host_port;
      one.container_port = port.container_port;
      if (auto address = parse_ip(host_ip)) one.address = *address;
      one.host_ip = std::move(host_ip);
      one.phase = pod.phase;
      one.container_state = container.state;
      one.reason = container.reason;
      one.restarts = container.restarts;
      one.ready = container.ready;
      one.ready_since = container.ready_since;
      one.terminating = pod.deleted_at.has_value();
      one.dns_policy = pod.dns_policy;
      one.source = pod.source;
      declared.push_back(std::move(one));
    }
  }
  return declared;
}

}  // namespace hostnet
