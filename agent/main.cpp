#include <malloc.h>

#include <cstdlib>

#include "agent/cli/check_files.h"
#include "agent/cli/commands.h"
#include "agent/cli/healthcheck.h"
#include "agent/cli/terminal.h"
#include "agent/cli/watch_binds.h"
#include "agent/fleet/fleet.h"
#include "agent/log/log.h"
#include "agent/options/command_line.h"
#include "agent/serve/daemon.h"
#include "agent/serve/process/descriptors.h"
#include "agent/serve/process/thread_caches.h"
#include "agent/version/version.h"

namespace hostnet {
namespace {

int ask_fleet(FleetOptions options, const CommandOptions& common) {
  options.output = {common.format, style_of(common)};
  return print_call(fleet_answer(options));
}

int run(const CommandLine& line) {
  switch (line.command) {
    case Command::serve: return run_daemon(line.serve);
    case Command::conflicts: return run_conflicts(line.options);
    case Command::risks: return run_risks(line.options);
    case Command::history: return run_history(line.options);
    case Command::watch: return run_watch(line.options);
    case Command::fleet: return ask_fleet(line.fleet, line.options);
    case Command::ports: return run_ports(line.options);
    case Command::check:
      return line.options.files.empty() ? run_check(line.options) : check_files(line.options);
    case Command::doctor: return run_doctor(line.options);
    case Command::record: return run_record(line.options);
    case Command::healthcheck: return run_healthcheck(line.serve.web.listen.front());
    case Command::help:
    case Command::completion: return print_answer(line.text, 0);
    case Command::version: {
      const bool json = line.options.format == OutputFormat::json;
      return print_answer(json ? version_json() : version_text(), 0);
    }
  }
  return kUsageExit;
}

}  // namespace
}  // namespace hostnet

int main(int count, char** words) {
  hostnet::occupy_standard_streams();
  // Memory use matters: short-lived threads must not each keep an arena, and large buffers return
  // to the kernel when freed (a fixed threshold).
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  // The memory of an ordinary scrape is kept for the next: returning it and faulting it in again
  // costs more than its collectors.
  ::mallopt(M_TRIM_THRESHOLD, 512 * 1024);
  const auto arguments =
      hostnet::with_default_command(words[0], std::vector<std::string>(words + 1, words + count));
  const auto line = hostnet::parse_command_line(
      arguments, [](const char* name) -> const char* { return std::getenv(name); });
  if (!line) {
    hostnet::log::complain(line.error().message);
    return hostnet::kUsageExit;
  }
  if (line->command == hostnet::Command::serve) hostnet::restart_without_thread_caches(words);
  hostnet::log::set_up(line->log);
  return hostnet::run(*line);
}
