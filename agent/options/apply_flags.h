#pragma once

#include "agent/options/command_line.h"
#include "agent/options/flag_values.h"

namespace hostnet {

// Hands the flags' values to the modules' options.
// `parsed` is what of them the command line has, without the environment.
void apply_flags(const FlagValues& values, const FlagValues::Environment& environment,
                 const FlagValues::Texts& parsed, CommandLine& line);

// Whether one of these flags says what a scan reads: --path.*, --pods.*, --replay, --config.file.
bool says_what_to_scan(const FlagValues::Texts& flags);

}  // namespace hostnet
