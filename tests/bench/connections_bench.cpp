// What the full-state scan costs on a node with 100,000 TCP sockets in use, of eight
// processes, and 200 declared ports that nobody listens on, half of them in the
// ephemeral range. In namespaces of our own; needs root.
//
//   connections_bench [SECONDS]     how long the program itself is watched (60)
//
// Exit 1 when a tick takes more than 3 ms of CPU, a full-state scan more than 60 ms, or
// the program more than 20 MiB or more than 1 % of a core beside its ticks.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/ports/scan/port_scanner.h"
#include "agent_memory.h"
#include "crowd.h"
#include "own_node.h"

namespace hostnet {
namespace {

constexpr int kProcesses = 8;
constexpr int kPairs = 6'250;  // of sockets, in each process
constexpr int kDeclared = 200;
constexpr double kMostTickMilliseconds = 3.0;
constexpr double kMostDeepMilliseconds = 60.0;
constexpr double kMostResident = 20.0;
constexpr double kMostDeepShare = 0.01;

std::uint16_t declared_port(int index) {
  return static_cast<std::uint16_t>(index % 2 == 0 ? 8000 + index : 40'000 + 36 * index);
}

template <class Work>
double cpu_milliseconds(const Node& node, int times, Work work) {
  const auto begin = node.clock->thread_cpu();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::milli>(node.clock->thread_cpu() - begin).count() /
         times;
}

int measure_looks() {
  const auto node = live_node({});
  if (!node) {
    std::fprintf(stderr, "connections_bench: %s\n", node.error().message.c_str());
    return 2;
  }
  ScanOptions options{.node_components = default_policy().node_components,
                      .network_changed = false};
  for (int i = 0; i < kDeclared; ++i) options.deep_ports.push_back(declared_port(i));
  std::ranges::sort(options.deep_ports);
  options.urgent_ports = options.deep_ports;
  PortScanner builder(*node);
  const std::size_t holders = builder.scan(options, node->clock->steady())->holders.size();
  const auto scan = [&] { builder.scan(options, node->clock->steady()); };
  const double deep = cpu_milliseconds(*node, 10, scan);
  options.deep_paced = true;  // none is due so soon: ordinary ticks
  const double tick = cpu_milliseconds(*node, 50, scan);
  const bool good = tick <= kMostTickMilliseconds && deep <= kMostDeepMilliseconds && holders > 0;
  std::printf(
      "%d sockets, %d declared ports, %zu holders: tick %.2f ms, full-state scan %.1f ms: %s\n",
      2 * kPairs * kProcesses, kDeclared, holders, tick, deep, good ? "good" : "MISSED");
  return good ? 0 : 1;
}

int measure_program(int seconds) {
  std::string pod =
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"default"},)"
      R"("spec":{"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet",)"
      R"("containers":[{"name":"main","image":"x","ports":[)";
  for (int i = 0; i < kDeclared; ++i) {
    pod += i == 0 ? "" : ",";
    pod += R"({"containerPort":)" + std::to_string(declared_port(i)) + "}";
  }
  const auto manifest = std::filesystem::temp_directory_path() /
                        ("connections_bench-" + std::to_string(::getpid()) + ".json");
  std::ofstream(manifest) << pod << "]}]}}\n";
  const auto memory = memory_of_running_agent(
      {"--pods.source=manifests", "--pods.manifests=" + manifest.string()}, seconds);
  std::filesystem::remove(manifest);
  if (!memory) return 1;
  const double most_cpu = kMostDeepShare + kMostTickMilliseconds / 1000;
  const bool good = memory->resident <= kMostResident && memory->cpu <= most_cpu;
  std::printf("the program: RSS %.1f MiB, RssAnon %.1f MiB, %.2f %% of a core over %d s: %s\n",
              memory->resident, memory->anonymous, 100 * memory->cpu, seconds,
              good ? "good" : "MISSED");
  return good ? 0 : 1;
}

int measure_all(int seconds) {
  const Crowd node(kProcesses, [](int index) { connect_pairs(index, kPairs); });
  const int scans = measure_looks();
  std::fflush(nullptr);
  return std::max(scans, measure_program(seconds));
}

}  // namespace
}  // namespace hostnet

int main(int argc, char** argv) {
  const bool given = argc > 1 && argv[1][0] != '-';
  const int seconds = given ? std::atoi(argv[1]) : 60;
  return hostnet::in_a_node_of_its_own([seconds] { return hostnet::measure_all(seconds); });
}
