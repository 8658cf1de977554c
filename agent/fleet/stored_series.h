#pragma once

// --prometheus: the same answers from stored series. Costs the nodes nothing, but has less detail.

#include <chrono>
#include <string>
#include <vector>

#include "agent/fleet/agents/fleet_options.h"
#include "agent/fleet/fleet_report.h"
#include "agent/fleet/port_report.h"

namespace hostnet {

// A series in an instant query's answer.
struct StoredSeries {
  std::vector<std::pair<std::string, std::string>> labels;
  // The series' own label, also if Prometheus renamed it to exported_…
  std::string own(std::string_view name) const;
  std::string label(std::string_view name) const;
  // The node: the "node" label set at scraping, else the instance.
  std::string node() const;
};

// Parses the vector in an answer of /api/v1/query. Pure.
Result<std::vector<StoredSeries>> read_query_answer(std::string_view body);

class Prometheus {
 public:
  Prometheus(ClusterAccess access, std::chrono::milliseconds patience)
      : access_(std::move(access)), patience_(patience) {}
  Result<std::vector<StoredSeries>> query(const std::string& expression) const;

 private:
  ClusterAccess access_;
  std::chrono::milliseconds patience_;
};

// A finding from its series (hostnet_port_conflict, hostnet_port_risk). Pure.
FleetFinding finding_of_series(const StoredSeries& series, std::string_view of_class);

Result<FleetReport> stored_findings(const Prometheus& prometheus);
Result<PortReport> stored_port(const Prometheus& prometheus, std::uint16_t port, Protocol protocol);

}  // namespace hostnet
