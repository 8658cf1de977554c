#pragma once

#include <memory>
#include <string>

#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Loads the programs and attaches them to the node's cgroup (node_cgroup.h), next to other
// programs; they are detached with the last reference or the process. Needs CAP_BPF and
// CAP_NET_ADMIN, but the result works without them and without bpf(2). Errors name what is missing.
Result<std::shared_ptr<BindEvents>> attach_bind_events(const std::string& procfs,
                                                       const std::string& sysfs);

}  // namespace hostnet
