#pragma once

#include <memory>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Events that are already known, from a recording or another agent; no others follow.
Result<std::shared_ptr<BindEvents>> past_binds(std::vector<BindEvent> events);

}  // namespace hostnet
