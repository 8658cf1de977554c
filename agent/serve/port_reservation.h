#pragma once

#include "agent/reserve/port_reserver.h"

namespace hostnet {

// A line for each thing that was done to the node; the problem is the report's.
void log_reservations(const Reservations& done);

}  // namespace hostnet
