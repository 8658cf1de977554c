#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace hostnet {

// The help of a subcommand: its own options, then the flags that apply to it. If `sub` is null, of
// the program: commands, then every flag.
std::string help_text(CLI::App& app, const CLI::App* sub);

}  // namespace hostnet
