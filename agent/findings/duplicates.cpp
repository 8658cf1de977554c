#include <algorithm>

#include "agent/findings/context.h"

namespace hostnet {
namespace {

bool same_workload(const Declaration& one, const Declaration& other) {
  return !one.port.workload.empty() && one.port.workload == other.port.workload &&
         one.port.namespace_ == other.port.namespace_;
}

// `live` came after kubelet refused `refused`, of the same workload: the
// controller tried again and won, nothing is wrong any more.
bool succeeded(const Declaration& live, const Declaration& refused) {
  if (!same_workload(live, refused)) return false;
  if (!live.port.ready.value_or(true)) return true;
  return live.port.ready_since && *live.port.ready_since >= *refused.pod->finished_at;
}

}  // namespace

std::vector<const Declaration*> duplicates_of(const Declaration& declaration,
                                              const FindingContext& context) {
  std::vector<const Declaration*> duplicates;
  // A pod on its way out makes room by itself: a rolling update is no conflict.
  if (terminating_in_grace(*declaration.pod, context.now)) return duplicates;
  for (const Declaration& other : context.declarations) {
    if (other.pod == declaration.pod) continue;
    if (other.port.protocol != declaration.port.protocol) continue;
    if (other.port.port != declaration.port.port) continue;
    if (scheduler_separates(declaration.port.host_ip, other.port.host_ip)) continue;
    if (terminating_in_grace(*other.pod, context.now)) continue;
    if (declaration.rejected && other.rejected) continue;
    if (declaration.rejected && succeeded(other, declaration)) continue;
    if (other.rejected && succeeded(declaration, other)) continue;
    duplicates.push_back(&other);
  }
  return duplicates;
}

}  // namespace hostnet
