#pragma once

#include <memory>

#include "agent/options/command_line.h"
#include "agent/reserve/port_reserver.h"

namespace hostnet {

// Null without --fix.reserve-ports.
std::unique_ptr<PortReserver> port_reserver(const CommandLine& line,
                                            std::shared_ptr<const Node> node);

// A line for each thing that was done to the node; the problem is the report's.
void log_reservations(const Reservations& done);

}  // namespace hostnet
