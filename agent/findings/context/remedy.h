#pragma once

// Commands and advice for findings.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/findings/context/context.h"

namespace hostnet {

// `word` as one word of a shell command: quoted where it must be.
std::string shell_word(std::string_view word);

// The command that stops a container outside Kubernetes; "": that runtime has none.
std::string stop_container(const Owner& owner, std::uint16_t port);

// How to get the port back from a holder, or (node components, sshd, pid 1, sessions, units that
// keep the node reachable) only how to inspect it.
std::string remedy_against(const Holder& holder, const DeclaredPort& port);

// `sysctl -w net.ipv4.ip_local_reserved_ports=…`: the ports already reserved plus every declared
// port in the ephemeral range.
std::string reserve_command(const FindingContext& context);

}  // namespace hostnet
