#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/base/clock.h"

namespace hostnet {

// "2026-11-21T20:00:00.123Z" (RFC 3339, UTC, milliseconds).
std::string rfc3339(WallTime time);
// "2026-11-21T20:00:00Z", with a fraction or an offset (RFC 3339); unset for
// anything else.
std::optional<WallTime> parse_rfc3339(std::string_view text);
// "4s", "3m12s", "2h5m", "3d4h"; a negative duration (a clock set back) is "0s".
std::string age(std::chrono::milliseconds duration);

// A duration as Go and Kubernetes write it: "500ms", "1h30m", "1.5s", "0". Units
// ns, us, µs, ms, s, m, h. No sign: none of ours is negative. Unset for anything
// else, or above 31 years (10^18 ns).
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace hostnet
