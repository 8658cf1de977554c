#pragma once

#include <CLI/CLI.hpp>
#include <array>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/options/command_line.h"

namespace hostnet {

inline std::unexpected<UsageError> usage(std::string message) {
  return std::unexpected(UsageError{std::move(message)});
}

// The values of --format and --color.
inline constexpr std::array<std::string_view, 4> kFormats{"text", "json", "wide", "name"};
inline constexpr std::array<std::string_view, 3> kColors{"auto", "always", "never"};

struct Subcommand {
  Command command;
  const char* name;
  const char* help;
};
std::span<const Subcommand> all_subcommands();

// The words of a command line other than the flags of flags.h, as CLI11 stores them.
struct Words {
  std::string port, address, directory, about;  // about: of help and completion
  std::vector<std::string> files;
  std::string format;
  std::string color{"auto"};
  int width{-1};                // -1: the terminal's
  CLI::Option* files_option{};  // -f
  std::string kubeconfig, context, server, namespace_, selector, prometheus, pod, timeout;  // fleet
  bool v6only{}, offline{}, recursive{}, version{}, json{}, watch{};
};

// Every subcommand with its own options.
void add_subcommands(CLI::App& app, Words& words);

// With check -f every word that is no flag is a file. Returns the remaining words.
std::vector<std::string> take_files(std::vector<std::string> left, Words& words);

// Stores the words in the command's options; returns what is wrong with them.
std::expected<void, UsageError> apply_words(const Words& words, Command command,
                                            CommandOptions& options);
std::expected<void, UsageError> apply_fleet_words(const Words& words, const CommandOptions& common,
                                                  FleetOptions& options);

}  // namespace hostnet
