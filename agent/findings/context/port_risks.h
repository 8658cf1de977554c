#pragma once

// Risks that follow from a port's number.

#include <cstdint>
#include <vector>

#include "agent/config/policy.h"
#include "agent/ports/port_snapshot.h"
#include "agent/verdicts/verdict.h"

namespace hostnet {

// in_ephemeral_range, in_node_port_range, reserved_port, unsupported_protocol, in that order: the
// risks of a server on that port.
std::vector<Verdict> risks_of_port(Protocol protocol, std::uint16_t port, const PortSnapshot& table,
                                   const Policy& policy);

}  // namespace hostnet
