#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace hostnet {

// The help of a subcommand, its own options first and then the flags that matter
// to it; of the program where `sub` is null: commands, then every flag.
std::string help_text(CLI::App& app, const CLI::App* sub);

}  // namespace hostnet
