#include "agent/metrics/port_families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/metrics/holder_label.h"
#include "tests/metrics/sample_report.h"

namespace hostnet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DeclaredPort declared_by(std::string container) {
  return {.namespace_ = "default",
          .pod = "web-1",
          .workload = "DaemonSet/web",
          .container = std::move(container),
          .mode = PortMode::host_network,
          .protocol = Protocol::tcp,
          .port = 8080};
}

Finding nginx_finding() {
  Finding finding;
  finding.verdict = Verdict::unmanaged_process;
  finding.severity = Severity::critical;
  finding.protocol = Protocol::tcp;
  finding.port = 8080;
  finding.host_ip = "0.0.0.0";
  finding.declared_by = {declared_by("web")};
  finding.held_by = {
      holder_of(HolderKind::unmanaged_process, "nginx.service", Protocol::tcp, "0.0.0.0", 8080)};
  return finding;
}

TEST(PortFamilies, GiveOneSeriesForEachDeclaringContainer) {
  Report report = report_of({});
  Finding finding = nginx_finding();
  finding.declared_by.push_back(declared_by("sidecar"));
  finding.declared_by.push_back(declared_by("web"));
  report.findings = {finding};
  const auto page = page_of(port_families(report));
  for (const std::string container : {"web", "sidecar"}) {
    EXPECT_THAT(page, HasSubstr("hostnet_port_conflict{container=\"" + container +
                                "\",holder=\"nginx.service\",holder_kind=\"unmanaged_process\","
                                "host_ip=\"0.0.0.0\",namespace=\"default\",pod=\"web-1\","
                                "port=\"8080\",protocol=\"tcp\",severity=\"critical\","
                                "verdict=\"unmanaged_process\",workload=\"DaemonSet/web\"} 1\n"));
  }
  EXPECT_THAT(page, HasSubstr("hostnet_findings{class=\"conflict\",severity=\"critical\","
                              "verdict=\"unmanaged_process\"} 1\n"));
}

TEST(PortFamilies, LeaveOutInfoAndIgnoredFindingsButCountThem) {
  Report report = report_of({});
  Finding info = nginx_finding();
  info.severity = Severity::info;
  Finding ignored = nginx_finding();
  ignored.ignored = true;
  report.findings = {info, ignored};
  const auto page = page_of(port_families(report));
  EXPECT_THAT(page, Not(HasSubstr("hostnet_port_conflict{")));
  EXPECT_THAT(page, HasSubstr("severity=\"info\",verdict=\"unmanaged_process\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_findings_ignored{class=\"conflict\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_findings_ignored{class=\"risk\"} 0\n"));
}

TEST(PortFamilies, CarryEveryLabelOfAFindingThatIsAboutTheNode) {
  Report report = report_of({});
  Finding finding;
  finding.verdict = Verdict::node_port_range_in_ephemeral_range;
  finding.severity = Severity::warning;
  report.findings = {finding};
  EXPECT_THAT(
      page_of(port_families(report)),
      HasSubstr("hostnet_port_risk{container=\"\",holder=\"\",holder_kind=\"\",host_ip=\"\","
                "namespace=\"\",pod=\"\",port=\"\",protocol=\"\",severity=\"warning\","
                "verdict=\"node_port_range_in_ephemeral_range\",workload=\"\"} 1\n"));
}

TEST(PortFamilies, ShowEveryVerdictEvenWhenThereIsNothing) {
  const auto page = page_of(port_families(report_of({})));
  for (const VerdictInfo& row : kVerdicts) {
    EXPECT_THAT(page,
                HasSubstr("severity=\"critical\",verdict=\"" + std::string(row.name) + "\"} 0\n"));
  }
  EXPECT_THAT(page, HasSubstr("hostnet_declared_ports{mode=\"hostPort\",protocol=\"sctp\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_attribution_complete 1\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_host_netns 1\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_last_scan_timestamp_seconds 1.767323046e+09\n"));
  EXPECT_THAT(page, Not(HasSubstr("hostnet_pod_source")));
}

TEST(PortFamilies, TellHowThePodSourceIs) {
  Report report = report_of({});
  auto pods = std::make_shared<PodSnapshot>();
  pods->source = "kubelet";
  pods->pods.resize(3);
  pods->synced = true;
  pods->last_success = WallTime(std::chrono::milliseconds(1'767'323'045'500));
  report.pods = pods;
  const auto page = page_of(port_families(report));
  EXPECT_THAT(page, HasSubstr("hostnet_pod_source_up{source=\"kubelet\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("hostnet_pod_source_pods{source=\"kubelet\"} 3\n"));
  EXPECT_THAT(page,
              HasSubstr("hostnet_pod_source_last_success_timestamp_seconds{source=\"kubelet\"}"
                        " 1.7673230455e+09\n"));
  auto stale = std::make_shared<PodSnapshot>(*pods);
  stale->stale = true;
  report.pods = stale;
  EXPECT_THAT(page_of(port_families(report)),
              HasSubstr("hostnet_pod_source_up{source=\"kubelet\"} 0\n"));
}

TEST(PortFamilies, CutPastTheLimitAndSaySo) {
  Report report = report_of({});
  Finding finding = nginx_finding();
  finding.declared_by.clear();
  for (std::size_t i = 0; i < kFindingSeriesLimit + 7; ++i) {
    finding.declared_by.push_back(declared_by("c" + std::to_string(i)));
  }
  report.findings = {finding};
  EXPECT_THAT(page_of(port_families(report)),
              HasSubstr("hostnet_series_dropped{family=\"hostnet_port_conflict\"} 7\n"));
}

TEST(HolderLabel, FoldsWhatChangesAtEveryStart) {
  const std::string id(64, 'a');
  const std::vector<std::pair<std::string, std::string>> table = {
      {"nginx.service", "nginx.service"},
      {"session-3.scope", "session-*.scope"},
      {"session-c12.scope", "session-*.scope"},
      {"docker-" + id + ".scope", "docker"},
      {"cri-containerd-" + id + ".scope", "cri-containerd"},
      {"run-r0123456789abcdef.service", "run-*.service"},
      {"run-u12.scope", "run-*.scope"},
      {"getty@tty1.service", "getty@tty1.service"},
      {"app-deadbeef.service", "app-deadbeef.service"},
      {"vte-spawn-123e4567-e89b-12d3-a456-426614174000.scope", "vte-spawn-*.scope"},
      {id, "container"},
      {"vxlan0", "vxlan0"},
      {"", ""},
  };
  for (const auto& [name, folded] : table) EXPECT_EQ(fold_transient_name(name), folded);

  Holder pod = holder_of(HolderKind::pod, "default/session-1.scope", Protocol::tcp, "::", 1);
  EXPECT_EQ(holder_label(pod), "default/session-1.scope");
  Holder container = holder_of(HolderKind::unmanaged_container, id, Protocol::tcp, "::", 1);
  container.owner.container_runtime = "podman";
  EXPECT_EQ(holder_label(container), "podman");
  container.owner.container_id = id;
  container.owner.user = 1000;
  EXPECT_EQ(holder_label(container), "podman");
  container.owner.container_runtime = "lxc";
  container.owner.container_id = "web";
  EXPECT_EQ(holder_label(container), "lxc web");
}

}  // namespace
}  // namespace hostnet
