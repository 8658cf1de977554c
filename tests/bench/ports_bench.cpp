// What a scan of a big node costs: 1,000 listeners among 5,000 processes with
// 50 descriptors each, in namespaces of our own. Needs root.
//
//   ports_bench            the benchmarks, then the comparison with `ss -tlnpH`
//
// Exit 1 when a cold scan takes more than half the time of ss, a steady tick
// more than 3 ms of CPU, or the agent that runs there more than 16 MiB (6 of its own).

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "agent/config/policy.h"
#include "agent/ports/scan/port_scanner.h"
#include "agent_memory.h"
#include "crowd.h"
#include "own_node.h"

namespace hostnet {
namespace {

constexpr int kProcesses = 5000;
constexpr int kListeners = 1000;
constexpr int kDescriptors = 50;
constexpr double kMostOfSs = 0.5;
constexpr double kMostTickMilliseconds = 3.0;
constexpr double kMostResident = 16.0;  // MiB
constexpr double kMostAnonymous = 6.0;

double milliseconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

ScanOptions bench_options() {
  ScanOptions options;
  options.node_components = default_policy().node_components;
  options.network_changed = false;
  return options;
}

std::size_t named(const PortSnapshot& table) {
  return static_cast<std::size_t>(std::ranges::count_if(
      table.holders, [](const Holder& holder) { return !holder.owner.processes.empty(); }));
}

std::size_t scan_cold(const Node& node) {
  PortScanner builder(node);
  return named(*builder.scan(bench_options(), node.clock->steady()));
}

void run_ss() {
  std::array<char*, 3> arguments{const_cast<char*>("ss"), const_cast<char*>("-tlnpH"), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  if (::posix_spawnp(&pid, "ss", &actions, nullptr, arguments.data(), environ) == 0) {
    ::waitpid(pid, nullptr, 0);
  }
  ::posix_spawn_file_actions_destroy(&actions);
}

Node bench_node() {
  auto node = live_node({});
  if (!node) {
    std::fprintf(stderr, "ports_bench: %s\n", node.error().message.c_str());
    std::exit(2);
  }
  return *node;
}

void cold_scan(benchmark::State& state) {
  const Node node = bench_node();
  for (auto _ : state) benchmark::DoNotOptimize(scan_cold(node));
}
BENCHMARK(cold_scan)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1.0);

void ss_tlnp(benchmark::State& state) {
  for (auto _ : state) run_ss();
}
BENCHMARK(ss_tlnp)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1.0);

// A second passes between two ticks: the slice that is checked is a second's.
void steady_tick(benchmark::State& state) {
  const Node node = bench_node();
  PortScanner builder(node);
  SteadyTime now = node.clock->steady();
  builder.scan(bench_options(), now);
  for (auto _ : state) {
    now += std::chrono::seconds{1};
    benchmark::DoNotOptimize(builder.scan(bench_options(), now)->holders.size());
    if (builder.work().directories_read != 0) state.SkipWithError("a tick read a fd directory");
  }
}
BENCHMARK(steady_tick)->Unit(benchmark::kMillisecond)->MinTime(1.0);

template <class Work>
double best_of_five(clockid_t clock, Work work) {
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begin = milliseconds_of(clock);
    work();
    best = std::min(best, milliseconds_of(clock) - begin);
  }
  return best;
}

int compare() {
  const Node node = bench_node();
  const std::size_t found = scan_cold(node);
  const double cold = best_of_five(CLOCK_MONOTONIC, [&] { scan_cold(node); });
  const double ss = best_of_five(CLOCK_MONOTONIC, run_ss);
  PortScanner builder(node);
  SteadyTime now = node.clock->steady();
  builder.scan(bench_options(), now);
  constexpr int kTicks = 100;
  const double begin = milliseconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < kTicks; ++i) builder.scan(bench_options(), now += std::chrono::seconds{1});
  const double tick = (milliseconds_of(CLOCK_PROCESS_CPUTIME_ID) - begin) / kTicks;
  const bool good = found == kListeners && cold <= kMostOfSs * ss && tick <= kMostTickMilliseconds;
  std::printf("found %zu of %d; cold scan %.0f ms, ss -tlnpH %.0f ms (%.2f); tick %.2f ms: %s\n",
              found, kListeners, cold, ss, cold / ss, tick, good ? "good" : "MISSED");
  return good ? 0 : 1;
}

int weigh() {
  const auto memory = memory_of_running_agent();
  if (!memory) return 1;
  const bool good = memory->resident <= kMostResident && memory->anonymous <= kMostAnonymous;
  std::printf("the agent beside them: RSS %.1f MiB, RssAnon %.1f MiB: %s\n", memory->resident,
              memory->anonymous, good ? "good" : "MISSED");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace hostnet

namespace {

int measure() {
  const hostnet::Crowd node(hostnet::kProcesses, [](int index) {
    hostnet::listen_and_open(index, hostnet::kListeners, hostnet::kDescriptors);
  });
  benchmark::RunSpecifiedBenchmarks();
  return std::max(hostnet::compare(), hostnet::weigh());
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const int result = hostnet::in_a_node_of_its_own(measure);
  benchmark::Shutdown();
  return result;
}
