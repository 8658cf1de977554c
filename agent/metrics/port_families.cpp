#include "agent/metrics/port_families.h"

#include <map>
#include <set>
#include <string>

#include "agent/metrics/dropped_series.h"
#include "agent/metrics/holder_label.h"
#include "agent/pods/port_modes.h"
#include "agent/ports/protocols.h"
#include "agent/verdicts/severities.h"
#include "collectors/framework/families.h"

namespace hostnet {
namespace {

double unix_seconds(WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

// One series of hostnet_port_conflict or hostnet_port_risk, in the order in which a limit cuts.
struct FindingSeries {
  Severity severity{};
  Verdict verdict{};
  std::string_view protocol;
  std::string port, host_ip, namespace_, pod, workload, container;
  std::string_view holder_kind;
  std::string holder;
  auto operator<=>(const FindingSeries&) const = default;
};

std::set<FindingSeries> finding_series(const Report& report) {
  std::set<FindingSeries> all;
  for (const Finding& finding : report.findings) {
    if (finding.ignored || finding.severity == Severity::info) continue;
    FindingSeries series{.severity = finding.severity,
                         .verdict = finding.verdict,
                         .protocol = finding.protocol ? to_string(*finding.protocol) : "",
                         .port = finding.port ? std::to_string(*finding.port) : "",
                         .host_ip = finding.host_ip};
    if (!finding.held_by.empty()) {
      series.holder_kind = to_string(finding.held_by.front().owner.kind);
      series.holder = holder_label(finding.held_by.front());
    }
    for (const DeclaredPort& declared : finding.declared_by) {
      series.namespace_ = declared.namespace_;
      series.pod = declared.pod;
      series.workload = declared.workload;
      series.container = declared.container;
      all.insert(series);
    }
    // A hijacked listener or a stale rule needs no declaration.
    if (finding.declared_by.empty()) all.insert(std::move(series));
  }
  return all;
}

void add_finding_series(FamilyList& families, const Report& report) {
  const auto all = finding_series(report);
  std::map<std::string_view, std::size_t> dropped = {{"hostnet_port_conflict", 0},
                                                     {"hostnet_port_risk", 0}};
  std::size_t written = 0;
  for (const FindingSeries& s : all) {
    const bool conflict = class_of(s.verdict) == FindingClass::conflict;
    const std::string_view name = conflict ? "hostnet_port_conflict" : "hostnet_port_risk";
    if (++written > kFindingSeriesLimit) {
      ++dropped[name];
      continue;
    }
    families.add(
        name,
        conflict ? "A declared host port that its pod cannot bind, or whose traffic goes elsewhere."
                 : "A port that may become a conflict.",
        kGauge,
        {{"container", s.container},
         {"holder", s.holder},
         {"holder_kind", s.holder_kind},
         {"host_ip", s.host_ip},
         {"namespace", s.namespace_},
         {"pod", s.pod},
         {"port", s.port},
         {"protocol", s.protocol},
         {"severity", to_string(s.severity)},
         {"verdict", to_string(s.verdict)},
         {"workload", s.workload}},
        1);
  }
  for (const auto& [family, count] : dropped) add_dropped_series(families, family, count);
}

void add_totals(FamilyList& families, const Report& report) {
  std::map<std::pair<Verdict, Severity>, std::size_t> counts;
  std::map<FindingClass, std::size_t> ignored;
  for (const Finding& finding : report.findings) {
    if (finding.ignored) {
      ++ignored[class_of(finding.verdict)];
    } else {
      ++counts[{finding.verdict, finding.severity}];
    }
  }
  for (const VerdictInfo& row : kVerdicts) {
    for (const Severity severity : kSeverities) {
      const auto found = counts.find({row.verdict, severity});
      families.add("hostnet_findings", "Current findings, without the ignored ones.", kGauge,
                   {{"class", to_string(row.finding_class)},
                    {"severity", to_string(severity)},
                    {"verdict", row.name}},
                   found == counts.end() ? 0 : static_cast<double>(found->second));
    }
  }
  for (const FindingClass finding_class : kFindingClasses) {
    families.add("hostnet_findings_ignored", "Findings ignored by the configuration.", kGauge,
                 {{"class", to_string(finding_class)}},
                 static_cast<double>(ignored[finding_class]));
  }
  std::map<std::pair<PortMode, Protocol>, std::size_t> declared;
  for (const DeclaredPort& port : report.declared) ++declared[{port.mode, port.protocol}];
  for (const PortMode mode : kPortModes) {
    for (const Protocol protocol : kProtocols) {
      families.add("hostnet_declared_ports", "Host ports declared by pods on this node.", kGauge,
                   {{"mode", to_string(mode)}, {"protocol", to_string(protocol)}},
                   static_cast<double>(declared[{mode, protocol}]));
    }
  }
}

void add_pod_source(FamilyList& families, const PodSnapshot& pods) {
  if (!pods.has_source()) return;
  const auto add = [&](std::string_view name, std::string_view help, double value) {
    families.add(name, help, kGauge, {{"source", pods.source}}, value);
  };
  add("hostnet_pod_source_up", "Whether the pod source in use answers.",
      pods.synced && !pods.stale ? 1 : 0);
  add("hostnet_pod_source_pods", "Pods on this node known to the pod source.",
      static_cast<double>(pods.pods.size()));
  if (pods.last_success) {
    add("hostnet_pod_source_last_success_timestamp_seconds",
        "Timestamp of the pod source's last answer.", unix_seconds(*pods.last_success));
  }
}

void add_coverage(FamilyList& families, const Report& report) {
  const auto add = [&](std::string_view name, std::string_view help, double value) {
    families.add(name, help, kGauge, {}, value);
  };
  add("hostnet_attribution_complete", "Whether every process could be inspected.",
      report.table && report.table->coverage.every_owner ? 1 : 0);
  add("hostnet_host_netns", "Whether the agent is in the node's own network namespace.",
      report.host_network_namespace ? 1 : 0);
  add("hostnet_last_scan_timestamp_seconds", "Timestamp of the last port scan.",
      unix_seconds(report.generated_at));
}

}  // namespace

std::vector<MetricSource> port_families(const Report& report) {
  FamilyList families;
  add_finding_series(families, report);
  add_totals(families, report);
  if (report.pods) add_pod_source(families, *report.pods);
  add_coverage(families, report);
  return families.take();
}

}  // namespace hostnet
