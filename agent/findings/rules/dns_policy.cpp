// hostNetwork with ClusterFirst, or a dnsPolicy that does not exist. One finding for each pod that
// declares ports: DNS is a setting of the pod, not of a port.

#include <fmt/format.h>

#include "agent/findings/rules/rules.h"

namespace hostnet::rules {
namespace {

std::optional<Finding> judge_pod(const std::vector<const Declaration*>& of_pod) {
  const DeclaredPort& first = of_pod.front()->port;
  const std::string_view policy =
      first.dns_policy.empty() ? std::string_view("ClusterFirst") : first.dns_policy;
  if (first.mode != PortMode::host_network) return {};
  if (policy == "ClusterFirstWithHostNet" || policy == "Default" || policy == "None") return {};
  Finding finding = make_finding(Verdict::dns_policy, {}, {}, "", identity_of(first));
  for (const Declaration* declaration : of_pod) finding.declared_by.push_back(declaration->port);
  const auto pod = fmt::format("{}/{}", first.namespace_, first.pod);
  finding.explanation =
      policy == "ClusterFirst"
          ? fmt::format(
                "{} uses hostNetwork with dnsPolicy ClusterFirst, which falls back to the node's "
                "resolver: cluster names do not resolve.",
                pod)
          : fmt::format("{} has dnsPolicy {}, which does not exist.", pod, policy);
  finding.remedy = "dnsPolicy: ClusterFirstWithHostNet";
  return finding;
}

}  // namespace

void dns_policy(const FindingContext& context, std::vector<Finding>& found) {
  std::map<const Pod*, std::vector<const Declaration*>> by_pod;
  for (const Declaration& declaration : context.declarations) {
    if (!declaration.rejected) by_pod[declaration.pod].push_back(&declaration);
  }
  for (const auto& [pod, declarations] : by_pod) {
    if (auto finding = judge_pod(declarations)) found.push_back(*std::move(finding));
  }
}

}  // namespace hostnet::rules
