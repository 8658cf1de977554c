#pragma once

// Whether the agent is in the host's namespaces.

#include <optional>
#include <string>

#include "agent/ports/owners/procfs_view.h"
#include "agent/preflight/preflight.h"
#include "netlink/node/node.h"

namespace hostnet {

// Implements Preflight::in_host_network_namespace.
std::optional<bool> is_hosts_network(const Node& node, ProcfsView view);

// `same`: the result of is_hosts_network().
PreflightCheck check_network_namespace(const Node& node, std::optional<bool> same, ProcfsView view);
PreflightCheck check_pid_namespace(const Node& node, ProcfsView view);

}  // namespace hostnet
