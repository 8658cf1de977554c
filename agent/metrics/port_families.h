#pragma once

#include <memory>
#include <vector>

#include "agent/findings/report.h"
#include "collectors/framework/collector.h"

namespace hostnet {

// Series that the two per-finding families may have together.
inline constexpr std::size_t kFindingSeriesLimit = 1500;

// The families of the collector `ports`: hostnet_port_conflict,
// hostnet_port_risk, hostnet_findings, hostnet_findings_ignored,
// hostnet_declared_ports, hostnet_pod_source_*, hostnet_attribution_complete,
// hostnet_host_netns, hostnet_last_scan_timestamp_seconds. Pure.
std::vector<MetricSource> port_families(const Report& report);

}  // namespace hostnet
