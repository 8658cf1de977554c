#include "tests/kube_events/told_report.h"

namespace hostnet {

Finding told_finding(const std::string& pod, const std::string& id) {
  DeclaredPort declared;
  declared.namespace_ = "default";
  declared.pod = pod;
  declared.uid = "uid-" + pod;
  declared.container = "web";
  declared.protocol = Protocol::tcp;
  declared.port = 8080;
  declared.source = "apiserver";
  Holder holder;
  holder.name = "nginx.service";
  Finding finding;
  finding.id = id;
  finding.verdict = Verdict::unmanaged_process;
  finding.severity = Severity::critical;
  finding.protocol = Protocol::tcp;
  finding.port = 8080;
  finding.since = kWallStart;
  finding.declared_by = {declared};
  finding.held_by = {holder};
  finding.explanation = "default/" + pod + " (container web) cannot bind 8080/tcp.";
  finding.remedy = "systemctl stop nginx.service";
  return finding;
}

Report told_report(std::vector<Finding> findings, WallTime at) {
  auto pods = std::make_shared<PodSnapshot>();
  pods->source = "apiserver";
  pods->synced = true;
  Report report;
  report.node = "n1";
  report.generated_at = at;
  report.complete = true;
  report.findings = std::move(findings);
  report.pods = std::move(pods);
  return report;
}

nlohmann::json body_of(const KubeRequest& request) {
  return nlohmann::json::parse(request.body);
}

KubeAnswer answer_of(int status, const std::string& body) {
  const bool well = status == 200 || status == 201;
  return {.reply = {.status = status,
                    .retry_after = std::nullopt,
                    .problem = well ? "" : "no",
                    .whole = well},
          .body = body};
}

}  // namespace hostnet
