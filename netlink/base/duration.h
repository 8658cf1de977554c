#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hostnet {

// A duration as Go and Kubernetes write it: "500ms", "1h30m", "1.5s", "0". Units
// ns, us, µs, ms, s, m, h. No sign: none of ours is negative. Unset for anything
// else, and above 31 years (10^18 ns).
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace hostnet
