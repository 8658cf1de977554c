// The pod sources of many nodes in one process, for what they cost an API server:
// the product's own, each with the thread and the connection that an agent has.
//
//   many_sources KUBECONFIG
//
// Each line on standard input is how many nodes are to be followed from now on
// (never fewer): node-0, node-1 and so on. Each is answered by one line of JSON
// about all of them, at once: sources follow in their own time.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/pods/sources/source_selector.h"

namespace {

using hostnet::ClusterAccess;
using hostnet::SourceSelector;

std::atomic<std::uint64_t> told;

std::unique_ptr<SourceSelector> follow(const ClusterAccess& access, std::size_t node) {
  auto started = SourceSelector::start(
      std::vector<hostnet::SourceChoice>{
          {.name = "apiserver",
           .make =
               [=] { return hostnet::apiserver_source(access, fmt::format("node-{}", node)); }}},
      // Of the product's spread so much that the measurement does not take long.
      hostnet::SourcePace{.start_spread = std::chrono::milliseconds(800)}, [] { ++told; });
  if (!started) throw std::runtime_error(started.error().message);
  return *std::move(started);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long resident_bytes() {
  long total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::string report(const std::vector<std::unique_ptr<SourceSelector>>& feeds) {
  std::size_t synced = 0, failing = 0, pods = 0;
  std::string problem;
  for (const auto& feed : feeds) {
    const hostnet::SelectedSource state = feed->state();
    if (state.shown.freshness.last_heard) ++synced;
    if (!state.problems.empty()) ++failing;
    pods += state.shown.pods->size();
    if (!state.problems.empty()) problem = state.problems.front().why;
  }
  return fmt::format(R"({{"sources": {}, "synced": {}, "failing": {}, "pods": {}, "told": {}, )"
                     R"("resident": {}, "cpu": {:.3f}, "problem": "{}"}})",
                     feeds.size(), synced, failing, pods, told.load(), resident_bytes(),
                     cpu_seconds(), problem);
}

}  // namespace

int main(int argc, char** argv) {
  const auto access = hostnet::read_kubeconfig(argc == 2 ? argv[1] : "");
  if (!access) {
    std::cerr << "many_sources KUBECONFIG: " << access.error().message << '\n';
    return 64;
  }
  std::vector<std::unique_ptr<SourceSelector>> feeds;
  for (std::string line; std::getline(std::cin, line);) {
    std::size_t wanted = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), wanted);
    if (error != std::errc{} || end != line.data() + line.size()) {
      std::cerr << "'" << line << "' is no number of nodes\n";
      return 64;
    }
    while (feeds.size() < wanted) feeds.push_back(follow(*access, feeds.size()));
    std::cout << report(feeds) << std::endl;
  }
  std::_Exit(0);  // a thousand open watches need not be ended in order
}
