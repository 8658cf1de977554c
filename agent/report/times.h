#pragma once

#include <chrono>
#include <string>

#include "netlink/node/clock.h"

namespace hostnet {

// "2026-11-21T20:00:00.123Z" (RFC 3339, UTC, milliseconds).
std::string rfc3339(WallTime time);
// "4s", "3m12s", "2h5m", "3d4h"; a negative duration (a clock set back) is "0s".
std::string age(std::chrono::milliseconds duration);

}  // namespace hostnet
