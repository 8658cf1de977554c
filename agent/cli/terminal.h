#pragma once

#include "agent/cli/commands.h"

namespace hostnet {

// Whether stdout is a terminal.
bool on_a_terminal();

// The style for stdout: the terminal's width unless --width is given; colour as --color says, by
// default only on a terminal and if neither NO_COLOR nor TERM=dumb forbids it.
TextStyle style_of(const CommandOptions& options);

}  // namespace hostnet
