#pragma once

// The one-shot commands: scan, print, exit (interface.md, section 1).

#include "agent/options/command_line.h"

namespace hostnet {

// Runs what the command line asks for and returns the exit code. Answers go to
// stdout, errors, one line each, to stderr.
int run_command(const CommandLine& line);

}  // namespace hostnet
