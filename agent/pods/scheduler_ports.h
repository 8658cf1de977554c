#pragma once

// Host ports as the scheduler sees them: declarations, compared as strings.
// k8s.io/kubernetes/pkg/scheduler/framework (HostPortInfo), plugins/nodeports.

#include <optional>
#include <string_view>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// Whether the scheduler lets these host IPs share a port: "0.0.0.0" and "" conflict with
// everything, other strings only with themselves. "::" is just another string. Pure.
bool scheduler_separates(std::string_view host_ip, std::string_view other);

// Whether it keeps two pods on different nodes because of these. Pure.
bool scheduler_keeps_apart(const DeclaredPort& one, const DeclaredPort& other);

// Sidecars' ports count from 1.33.6 and 1.34.0 on (kubernetes#133390). False if the version is
// unknown, or "1.33" without a patch level. Pure.
bool scheduler_ignores_sidecars(const std::optional<std::vector<int>>& version);

}  // namespace hostnet
