#pragma once

#include "agent/findings/report.h"
#include "agent/reserve/port_reserver.h"

namespace hostnet {

// Both log what they changed on the node.

// --fix.reserve-ports: reserves the ports that the report declares. A failure becomes a problem of
// the report, which stays complete.
void reserve_ports(PortReserver& reserver, Report& report);
// --fix.restore-on-exit.
void restore_ports(PortReserver& reserver);

}  // namespace hostnet
