#pragma once

// Every lint of `check -f`, its worst severity and its sentence. deploy/policies/generate reads
// this table, so an admission policy reports the same text as the lint.

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/verdicts/verdict.h"

namespace hostnet {

struct LintInfo {
  std::string_view code;
  Severity severity{};
  std::string_view meaning;
};

// critical: the API server rejects it, or it never works. warning: it works until something else
// occupies the port or the node. A lint may report a lower severity in milder cases.
inline constexpr auto kLints = std::to_array<LintInfo>({
    {"unknown_dns_policy", Severity::critical, "no such dnsPolicy"},
    {"host_port_mismatch", Severity::critical,
     "hostPort differs from containerPort under hostNetwork"},
    {"duplicate_declaration", Severity::critical,
     "a host port is declared twice, in one pod or in two workloads"},
    {"node_port_collision", Severity::critical,
     "a Service has the host port as its NodePort, and takes its traffic"},
    {"pod_security", Severity::critical,
     "the namespace does not allow hostNetwork, hostPID, hostPath or hostPort"},
    {"container_host_network", Severity::warning, "containers have no field hostNetwork"},
    {"own_users", Severity::warning,
     "hostUsers: false with hostNetwork: rejected, or no right to ports below 1024"},
    {"several_replicas", Severity::warning,
     "several replicas with hostNetwork: only one fits on a node"},
    {"max_surge", Severity::warning, "a rolling update needs the host port twice on a node"},
    {"sidecar_host_port", Severity::warning,
     "a sidecar's hostPort is taken on the node and never forwarded by kubelet"},
    {"removed_api_version", Severity::warning, "newer API servers do not accept this API version"},
    {"duplicate_object", Severity::warning,
     "two manifests for the same pod or workload: one overwrites the other"},
    {"host_access_misplaced", Severity::warning,
     "hostNetwork or hostPort where the kind has no such field"},
    {"in_node_port_range", Severity::warning,
     "a Service may get the port as its NodePort, and then takes its traffic"},
    {"in_ephemeral_range", Severity::warning,
     "an outgoing connection may hold the port when the pod starts"},
    {"reserved_port", Severity::info, "cluster components or standard services use the port"},
    {"dns_policy", Severity::info,
     "hostNetwork with dnsPolicy ClusterFirst means Default: cluster names do not resolve"},
    {"no_declared_port", Severity::info,
     "a hostNetwork container declares no port: the scheduler does not know of it"},
    {"scheduler_blind", Severity::info,
     "the scheduler compares hostIP `::` as text, and does not see the conflict with `0.0.0.0`"},
    {"host_access_not_read", Severity::info,
     "hostNetwork or hostPort in an object whose kind is not checked"},
    {"other_os", Severity::info, "a pod for Windows nodes: not checked"},
    {"unsupported_protocol", Severity::info, "SCTP: not every kernel lists its sockets"},
});

// A row of the table, referenced by its code; an unknown code does not compile.
class LintCode {
 public:
  consteval LintCode(const char* code)  // NOLINT(google-explicit-constructor)
      : info_(std::ranges::find(kLints, std::string_view(code), &LintInfo::code)) {
    if (info_ == kLints.end()) throw "no such lint";
  }
  constexpr std::string_view text() const { return info_->code; }
  constexpr Severity severity() const { return info_->severity; }

 private:
  decltype(kLints)::const_iterator info_;
};

}  // namespace hostnet
