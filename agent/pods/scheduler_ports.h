#pragma once

// What the scheduler knows of host ports: declarations, compared as texts.
// k8s.io/kubernetes/pkg/scheduler/framework (HostPortInfo), plugins/nodeports.

#include <optional>
#include <string_view>
#include <vector>

#include "agent/pods/pod.h"

namespace hostnet {

// Whether the scheduler lets these host IPs share a port: "0.0.0.0" and "" meet everything, other
// texts only themselves. "::" is just another text. Pure.
bool scheduler_separates(std::string_view host_ip, std::string_view other);

// Whether it keeps two pods apart because of these. Pure.
bool scheduler_keeps_apart(const DeclaredPort& one, const DeclaredPort& other);

// It counts sidecars' ports from 1.33.6 and 1.34.0 on (kubernetes#133390). False where the version
// is not known, or is a "1.33" of which the rest is not known. Pure.
bool scheduler_ignores_sidecars(const std::optional<std::vector<int>>& version);

}  // namespace hostnet
