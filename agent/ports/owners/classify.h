#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup.h"

namespace hostnet {

// What an entry of Policy::node_components names: an executable by its path or its file name, and a
// systemd unit with or without its suffix ("k3s" is also k3s.service); in both '*' stands for any
// text. Never a comm, which any process may choose.
bool names_executable(std::span<const std::string> node_components, std::string_view exe);
bool names_unit(std::span<const std::string> node_components, std::string_view unit);

// What an owner is, from its cgroup and from whether its executable is a node component's
// (names_executable(), and nobody but root may have put it there). What is in a pod or a container
// is theirs, whatever it is called; what a user's manager started is no component.
HolderKind kind_of_process(const CgroupFacts& cgroup, bool runs_component,
                           std::span<const std::string> node_components);

// The same where no process could be found: only the cgroup in which the socket
// was made tells. systemd makes sockets for others (init.scope): unknown.
HolderKind kind_of_cgroup(const CgroupFacts& cgroup, std::span<const std::string> node_components);

}  // namespace hostnet
