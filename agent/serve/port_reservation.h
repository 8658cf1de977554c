#pragma once

#include "agent/findings/report.h"
#include "agent/reserve/port_reserver.h"

namespace hostnet {

// Both log what was done to the node.

// --fix.reserve-ports: for what the report declares. Where it fails, that is a problem of the
// report, which stays complete.
void reserve_ports(PortReserver& reserver, Report& report);
// --fix.restore-on-exit.
void restore_ports(PortReserver& reserver);

}  // namespace hostnet
