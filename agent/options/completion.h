#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace hostnet {

// The script with which "bash", "zsh" or "fish" completes commands, options, flags and their
// values; "" for another shell.
std::string completion_script(std::string_view shell, const CLI::App& app);

}  // namespace hostnet
