#pragma once

#include <cstddef>
#include <span>

#include "netlink/base/error.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// A record of the programs' ring buffer (wire.h). Reason::malformed for records that they cannot
// have written.
Result<BindEvent> decode_bind_event(std::span<const std::byte> record);

}  // namespace hostnet
