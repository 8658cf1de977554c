#include "agent/findings/context/declaration.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace hostnet {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kRejectionCounts{10};
constexpr seconds kCleanUpAllowance{30};

// kubelet's status reasons; the second one until about Kubernetes 1.18.
bool refused_for_its_ports(const Pod& pod) {
  return pod.phase == "Failed" &&
         (pod.status_reason == "NodePorts" || pod.status_reason == "PodFitsHostPorts");
}

bool refused_lately(const Pod& pod, WallTime now) {
  return refused_for_its_ports(pod) && pod.finished_at && now - *pod.finished_at < kRejectionCounts;
}

std::vector<DeclaredPort> ports_of_refused(const Pod& pod) {
  Pod as_if_admitted = pod;
  as_if_admitted.phase.clear();
  auto ports = declared_ports(as_if_admitted);
  for (auto& port : ports) {
    port.phase = pod.phase;
    port.reason = pod.status_reason;
  }
  return ports;
}

using WorkloadKey = std::pair<std::string_view, std::string_view>;  // namespace, workload

// A template is represented by its live pods on this node.
bool is_left_to_live_pods(const Pod& pod, const std::set<WorkloadKey>& live) {
  return pod.uid.empty() && !pod.workload.empty() && live.contains({pod.namespace_, pod.workload});
}

const Pod* last_refused_of_workload(const Pod& pod, const PodSnapshot& pods) {
  const Pod* last = &pod;
  for (const Pod& other : pods.pods) {
    if (other.namespace_ != pod.namespace_ || other.workload != pod.workload) continue;
    if (!refused_for_its_ports(other) || !other.finished_at) continue;
    if (std::tie(*other.finished_at, other.uid) > std::tie(*last->finished_at, last->uid)) {
      last = &other;
    }
  }
  return last;
}

auto declaration_order(const Declaration& declaration) {
  const DeclaredPort& port = declaration.port;
  return std::tie(port.protocol, port.port, port.namespace_, port.pod, port.uid, port.container,
                  port.host_ip, port.mode, declaration.rejected);
}

}  // namespace

std::vector<Declaration> collect_declarations(const PodSnapshot& pods, WallTime now) {
  std::set<WorkloadKey> live;
  for (const Pod& pod : pods.pods) {
    if (!pod.uid.empty() && !pod.workload.empty() && !pod.terminal()) {
      live.emplace(pod.namespace_, pod.workload);
    }
  }
  std::vector<Declaration> declarations;
  for (const Pod& pod : pods.pods) {
    const bool rejected = refused_lately(pod, now);
    if (pod.terminal() && !rejected) continue;
    if (is_left_to_live_pods(pod, live)) continue;
    if (rejected && !pod.workload.empty() && last_refused_of_workload(pod, pods) != &pod) continue;
    for (auto& port : rejected ? ports_of_refused(pod) : declared_ports(pod)) {
      declarations.push_back({.port = std::move(port), .pod = &pod, .rejected = rejected});
    }
  }
  std::ranges::sort(declarations, {}, declaration_order);
  const auto repeated =
      std::ranges::unique(declarations, [](const Declaration& one, const Declaration& other) {
        return declaration_order(one) == declaration_order(other);
      });
  declarations.erase(repeated.begin(), repeated.end());
  return declarations;
}

std::string identity_of(const DeclaredPort& port) {
  return port.uid.empty() ? port.namespace_ + "/" + port.pod : port.uid;
}

bool ready_for(const DeclaredPort& port, WallTime now, seconds duration) {
  return port.ready.value_or(false) && port.ready_since && now - *port.ready_since >= duration;
}

bool terminating_in_grace(const Pod& pod, WallTime now) {
  if (!pod.deleted_at) return false;
  const seconds grace{std::max(pod.grace_seconds.value_or(30), 0)};
  return now <= *pod.deleted_at + std::min(grace, kCleanUpAllowance);
}

}  // namespace hostnet
