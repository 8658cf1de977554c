#include "agent/ports/holder.h"

namespace hostnet {

std::string_view to_string(HolderKind kind) {
  switch (kind) {
    case HolderKind::node_component: return "node_component";
    case HolderKind::pod: return "pod";
    case HolderKind::unmanaged_container: return "unmanaged_container";
    case HolderKind::unmanaged_process: return "unmanaged_process";
    case HolderKind::kernel: return "kernel";
    case HolderKind::nat_rule: return "nat_rule";
    case HolderKind::unknown: return "unknown";
  }
  return "unknown";
}

}  // namespace hostnet
