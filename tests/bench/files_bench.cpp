// What reading every descriptor of a busy node costs.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "netlink/node/live_files.h"

namespace hostnet {
namespace {

constexpr int kProcesses = 1000;
constexpr int kDescriptors = 50;  // each; every fifth is a socket

// Children that only hold descriptors, for as long as this object lives.
class BusyNode {
 public:
  BusyNode() {
    int life[2];
    if (::pipe(life) != 0) return;
    for (int i = 0; i < kProcesses; ++i) {
      const pid_t child = ::fork();
      if (child < 0) break;
      if (child == 0) hold_descriptors(life);
      children_.push_back(child);
    }
    ::close(life[0]);
    end_ = life[1];
  }
  BusyNode(const BusyNode&) = delete;
  BusyNode& operator=(const BusyNode&) = delete;
  ~BusyNode() {
    ::close(end_);
    for (const pid_t child : children_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
  const std::vector<pid_t>& children() const { return children_; }

  // Until every child has its descriptors.
  void wait(const Files& files) const {
    std::vector<SocketDescriptor> sockets;
    for (const pid_t child : children_) {
      do {
        if (!files.socket_descriptors(child, sockets)) break;
      } while (sockets.size() < kDescriptors / 5);
    }
  }

 private:
  [[noreturn]] static void hold_descriptors(const int (&life)[2]) {
    ::close(life[1]);
    const int null = ::open("/dev/null", O_RDONLY);
    int held = 4 + 1;  // the standard three, the pipe and /dev/null
    for (; held < kDescriptors - kDescriptors / 5; ++held) {
      if (::dup(null) < 0) ::_exit(1);
    }
    for (; held < kDescriptors; ++held) ::socket(AF_UNIX, SOCK_DGRAM, 0);
    char byte = 0;
    // Ends when the parent goes.
    ::_exit(::read(life[0], &byte, 1) < 0 ? 1 : 0);
  }

  std::vector<pid_t> children_;
  int end_ = -1;
};

void scan_every_descriptor(benchmark::State& state) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  const BusyNode node;
  node.wait(*files);
  const auto& pids = node.children();
  const auto workers = static_cast<std::size_t>(state.range(0));
  std::atomic<std::size_t> found = 0;
  for (auto _ : state) {
    std::vector<std::thread> threads;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      threads.emplace_back([&, worker] {
        std::vector<SocketDescriptor> sockets;
        for (std::size_t i = worker; i < pids.size(); i += workers) {
          if (files->socket_descriptors(pids[i], sockets)) found += sockets.size();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  if (found == 0) state.SkipWithError("no socket was found");
  const auto descriptors = static_cast<double>(pids.size()) * kDescriptors;
  state.counters["descriptors"] = descriptors;
  state.counters["ns_per_descriptor"] =
      benchmark::Counter(descriptors * static_cast<double>(state.iterations()) / 1e9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(scan_every_descriptor)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

void revalidate_one_descriptor(benchmark::State& state) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (auto _ : state) benchmark::DoNotOptimize(files->socket_inode(::getpid(), fd));
  ::close(fd);
}
BENCHMARK(revalidate_one_descriptor);

void find_a_cgroup(benchmark::State& state) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  for (auto _ : state) {
    auto path = files->cgroup_path(1);
    if (!path) state.SkipWithError(path.error().message.c_str());
  }
}
BENCHMARK(find_a_cgroup);

void read_a_small_file(benchmark::State& state) {
  const auto files = live_files("/proc", "/sys", live_clock()).value();
  std::string text;
  for (auto _ : state) benchmark::DoNotOptimize(files->read("proc/1/comm", text));
}
BENCHMARK(read_a_small_file);

}  // namespace
}  // namespace hostnet

BENCHMARK_MAIN();
