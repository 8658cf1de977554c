#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup.h"

namespace hostnet {

// Whether an entry of Policy::node_components names this: an executable's path
// or its file name, or a systemd unit ("k3s" is also k3s.service). Never a
// comm, which any process may choose.
bool is_node_component(std::span<const std::string> node_components, std::string_view exe,
                       std::string_view unit);

// The container runtime whose containers an executable answers for on a port of the
// host: docker-proxy is Docker's. "" none.
std::string_view runtime_served_by(std::string_view exe);

// What an owner is, from its cgroup and its executable ("" unknown). What is in
// a pod is the pod's, unless its executable is listed by its absolute path;
// a kubelet that runs in a docker container is a node component.
HolderKind kind_of_process(const CgroupFacts& cgroup, std::string_view exe,
                           std::span<const std::string> node_components);

// The same where no process could be found: only the cgroup in which the socket
// was made tells. systemd makes sockets for others (init.scope): unknown.
HolderKind kind_of_cgroup(const CgroupFacts& cgroup, std::span<const std::string> node_components);

}  // namespace hostnet
