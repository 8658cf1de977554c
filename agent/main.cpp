#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>

#include "agent/cli/commands.h"
#include "agent/log/log.h"
#include "agent/options/command_line.h"
#include "agent/serve/daemon.h"

int main(int count, char** words) {
  // Memory is a feature: threads that come and go must not each keep an arena, and
  // a large buffer goes back to the kernel when it is freed (a fixed threshold).
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  // What one ordinary scrape takes stays for the next: giving it back and faulting
  // it in again costs more than its collectors.
  ::mallopt(M_TRIM_THRESHOLD, 512 * 1024);
  const std::vector<std::string> arguments(words + 1, words + count);
  const auto line = hostnet::parse_command_line(
      arguments, [](const char* name) -> const char* { return std::getenv(name); });
  if (!line) {
    fmt::print(stderr, "hostnet-agent: {}\n", line.error().message);
    return hostnet::kUsageExit;
  }
  hostnet::log::set_up(
      {.level = hostnet::log::parse_level(line->log_level).value_or(hostnet::log::Level::info),
       .format =
           hostnet::log::parse_format(line->log_format).value_or(hostnet::log::Format::logfmt),
       .sink = {},
       .now = {}});
  if (line->command == hostnet::Command::serve) return hostnet::run_daemon(*line);
  return hostnet::run_command(*line);
}
