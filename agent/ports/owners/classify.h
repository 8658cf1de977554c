#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/ports/holder.h"
#include "agent/ports/owners/cgroup.h"

namespace hostnet {

// Matches an entry of Policy::node_components: an executable by its path or file name, and a
// systemd unit with or without its suffix ("k3s" is also k3s.service); '*' stands for any text in
// both. Never a comm, which any process can choose.
bool names_executable(std::span<const std::string> node_components, std::string_view exe);
bool names_unit(std::span<const std::string> node_components, std::string_view unit);

// The kind of an owner, from its cgroup and whether its executable is a node component's
// (names_executable(), and only root can have put it there). Processes in a pod or container belong
// to it, whatever their name; those that a user's manager started are no components.
HolderKind kind_of_process(const CgroupFacts& cgroup, bool runs_component,
                           std::span<const std::string> node_components);

// The same if no process was found: only the cgroup in which the socket was created is known.
// systemd creates sockets for others (init.scope): unknown.
HolderKind kind_of_cgroup(const CgroupFacts& cgroup, std::span<const std::string> node_components);

}  // namespace hostnet
