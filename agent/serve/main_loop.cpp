#include "agent/serve/main_loop.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include "agent/config/load_policy.h"
#include "agent/log/log.h"
#include "netlink/base/file_watch.h"
#include "netlink/base/real_time.h"
#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

constexpr std::chrono::milliseconds kHousekeeping{10'000};
// After each reload: signals that come meanwhile are one.
constexpr std::chrono::milliseconds kReloadPause{100};
// Writing the configuration in place may take a while.
constexpr FileWatchPace kConfigPace{.longest = std::chrono::seconds(10)};

void reload(DaemonState& state, const std::string& config_file, const Watch& watch) {
  if (config_file.empty()) {
    log::info("nothing to reload: there is no --config.file");
    return;
  }
  auto policy = reload_policy(config_file);
  state.metrics.config_reloaded(policy.has_value(), wall_now());
  if (!policy) {
    log::error("configuration rejected, keeping the old one", {{"error", policy.error().message}});
    return;
  }
  state.policy.set(std::make_shared<const Policy>(*std::move(policy)));
  log::info("configuration loaded", {{"file", config_file}});
  watch.wake();
}

std::chrono::milliseconds pause_for(const std::optional<FileWatch>& file) {
  if (!file) return kHousekeeping;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(file->next_check() - steady_now());
  return std::clamp(left, std::chrono::milliseconds(0), kHousekeeping);
}

}  // namespace

void run_main_loop(const Signals& signals, DaemonState& state, const std::string& config_file,
                   const Watch& watch, const std::function<void()>& housekeeping) {
  std::optional<FileWatch> file;
  if (!config_file.empty()) file.emplace(std::vector{config_file}, kConfigPace);
  while (true) {
    std::array<pollfd, 2> waiting{{{.fd = signals.descriptor(), .events = POLLIN},
                                   {.fd = file ? file->descriptor() : -1, .events = POLLIN}}};
    wait_for_input(waiting, pause_for(file));
    housekeeping();
    bool changed = file && file->changed(steady_now());
    while (const int signal = signals.next()) {
      if (signal != SIGHUP) {
        log::info("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
        return;
      }
      changed = true;
    }
    if (!changed) continue;
    reload(state, config_file, watch);
    std::this_thread::sleep_for(kReloadPause);
  }
}

}  // namespace hostnet
