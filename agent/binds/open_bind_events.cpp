#include "agent/binds/open_bind_events.h"

#include <utility>

#include "netlink/bind_events/attach_bind_events.h"

namespace hostnet {
namespace {

constexpr std::string_view kCode = "no_bind_events";
constexpr std::string_view kCost = "refused binds are not seen as they happen: ";

std::string remedy_for(Reason reason) {
  if (reason == Reason::denied) {
    return "grant the capabilities BPF and NET_ADMIN (deploy/overlays/bpf, the chart's "
           "bpf.enabled), "
           "or set --watch.bpf=off";
  }
  return "Linux 5.15 or newer with cgroup v2 has them; --watch.bpf=off takes this line away";
}

}  // namespace

OpenedBindEvents open_bind_events(BpfMode mode, const NodePaths& paths) {
  OpenedBindEvents opened;
  if (mode == BpfMode::off) return opened;
  auto events = attach_bind_events(paths.procfs, paths.sysfs);
  if (events) {
    opened.events = *std::move(events);
  } else {
    opened.limit = Problem{.code = std::string(kCode),
                           .message = std::string(kCost) + events.error().message,
                           .remedy = remedy_for(events.error().reason)};
  }
  return opened;
}

Problem detached_bind_events() {
  return {.code = std::string(kCode),
          .message = std::string(kCost) + "somebody detached the agent's BPF programs",
          .remedy = "restart the agent"};
}

}  // namespace hostnet
