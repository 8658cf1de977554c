#pragma once

#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/commands.h"
#include "agent/fleet/agents/fleet_options.h"
#include "agent/log/log.h"
#include "agent/serve/daemon.h"

namespace hostnet {

enum class Command {
  serve,
  conflicts,
  risks,
  ports,
  check,
  history,
  watch,
  fleet,
  doctor,
  record,
  healthcheck,
  completion,
  help,
  version
};

// What the command line and the environment ask for, validated, in the form that each module takes.
// The flags' defaults and help are in all_flags().
struct CommandLine {
  Command command{Command::serve};
  std::string text;  // output of help and completion
  log::Options log;
  ServeOptions serve;      // serve; healthcheck
  FleetOptions fleet;      // fleet
  CommandOptions options;  // of the other commands
};

// One line for stderr that names the flag or variable and the nearest valid one; the program then
// exits with kUsageExit.
struct UsageError {
  std::string message;
};
inline constexpr int kUsageExit = 64;  // EX_USAGE of sysexits.h

// `arguments` without the program's name. `environment` is getenv(3) or a test's replacement.
std::expected<CommandLine, UsageError> parse_command_line(
    std::span<const std::string> arguments,
    const std::function<const char*(const char*)>& environment);

// The arguments, adapted to the program's name: as a kubectl plugin (kubectl-hostnet) the default
// command is `fleet`.
std::vector<std::string> with_default_command(std::string_view program,
                                              std::vector<std::string> arguments);

}  // namespace hostnet
