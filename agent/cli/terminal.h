#pragma once

#include "agent/cli/commands.h"

namespace hostnet {

// Whether a person reads stdout.
bool on_a_terminal();

// How to write to stdout: the terminal's width where --width says nothing, colour
// as --color has it, and on a terminal only where neither NO_COLOR nor TERM=dumb forbids it.
TextStyle style_of(const CommandOptions& options);

}  // namespace hostnet
