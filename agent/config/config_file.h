#pragma once

#include <cstddef>
#include <string_view>

#include "agent/config/policy.h"
#include "netlink/base/error.h"

namespace hostnet {

// The size limit of --config.file.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

// --config.file (YAML, one document). Example, with every key:
//
//   node_components: [kubelet, "k3s*", /opt/vendor/bin/cni-agent]
//   reserved_ports:
//     - 6443                        # a port, every protocol
//     - 2379-2380                   # a range
//     - {port: 53, protocol: udp, reason: DNS}
//     - {ports: 8000-8010, reason: the platform's}
//   node_port_range: 30000-32767
//   ignore:
//     - {verdict: undeclared_listener, namespace: ~^kube-.*, reason: known}
//   grace: {declared_not_listening: 5m, other_pod: 30}
//
// Missing keys keep default_policy()'s values. A key that is present replaces the whole default:
// lists are not appended, and an empty list ("[]") is an empty list. An empty file is the default
// policy.
//
// ignore: every key but `reason` is a matcher (Matcher::field); a value with a
// leading "~" is a regular expression, anything else is compared exactly. At
// least one matcher and the reason are required. grace: seconds, or "90s",
// "5m", "1h30m"; at most 24 hours.
//
// Pure. An error is Reason::malformed (too long: Reason::exhausted) with the message
// "<file_name>:<line>: <what>" for the first fault.
Result<Policy> parse_config(std::string_view yaml, std::string_view file_name);

}  // namespace hostnet
