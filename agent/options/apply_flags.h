#pragma once

#include "agent/options/command_line.h"
#include "agent/options/flag_values.h"

namespace hostnet {

// Hands the flags' values to the modules' options.
void apply_flags(const FlagValues& values, const FlagValues::Environment& environment,
                 CommandLine& line);

}  // namespace hostnet
