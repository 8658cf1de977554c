#pragma once

#include "agent/options/command_line.h"
#include "agent/options/flag_values.h"

namespace hostnet {

// Passes the flags' values to the modules' options.
// `parsed`: the values from the command line, without the environment.
void apply_flags(const FlagValues& values, const FlagValues::Environment& environment,
                 const FlagValues::Texts& parsed, CommandLine& line);

// Whether one of these flags selects the scan's input: --path.*, --pods.*, --replay, --config.file.
bool says_what_to_scan(const FlagValues::Texts& flags);

}  // namespace hostnet
