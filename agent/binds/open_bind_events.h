#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/verdicts/problem.h"
#include "netlink/bind_events/bind_events.h"
#include "netlink/node/node.h"

namespace hostnet {

enum class BpfMode { automatic, on, off };  // --watch.bpf

struct OpenedBindEvents {
  std::shared_ptr<BindEvents> events;  // null: there are none
  std::optional<Problem> limit;        // why not, if they are wanted
};

// Attaches the programs; call it while the process has the rights to.
OpenedBindEvents open_bind_events(BpfMode mode, const NodePaths& paths);

// The problem if they were attached and somebody detached them.
Problem detached_bind_events();

}  // namespace hostnet
