#pragma once

#include <memory>
#include <string>

#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Loads the programs and attaches them to the node's cgroup (node_cgroup.h), beside those of
// others; they go with the last reference and with the process. Needs CAP_BPF and CAP_NET_ADMIN,
// here only: what it returns works without them and without bpf(2). The error says what is missing.
Result<std::shared_ptr<BindEvents>> attach_bind_events(const std::string& procfs,
                                                       const std::string& sysfs);

}  // namespace hostnet
