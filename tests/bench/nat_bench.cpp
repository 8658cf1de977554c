// What it costs to read NAT rules: 5,000 of them in one chain, as CNI portmap
// writes them, and 5,000 elements of one map, as CRI-O does. Promised: under 50 ms
// each. Needs root and nft; works in a network namespace of its own.

#include <benchmark/benchmark.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "netlink/live_netlink.h"
#include "netlink/nat/read_nf_tables.h"
#include "netlink/nat/walk_nat.h"

namespace hostnet {
namespace {

constexpr int kRules = 5000;

void feed_nft(const std::string& script) {
  FILE* pipe = popen("nft -f -", "w");
  if (pipe == nullptr) std::abort();
  std::fwrite(script.data(), 1, script.size(), pipe);
  if (pclose(pipe) != 0) std::abort();
}

std::string hook(const char* chain) {
  return "chain prerouting {\ntype nat hook prerouting priority -100\nfib daddr type local jump " +
         std::string(chain) + "\n}\n";
}

std::string rules_in_a_chain() {
  std::string script = "flush ruleset\ntable ip cni_hostport {\nchain hostports {\n";
  for (int rule = 1; rule <= kRules; ++rule) {
    script += "tcp dport " + std::to_string(rule) + " dnat to 10.1." + std::to_string(rule / 256) +
              "." + std::to_string(rule % 256) + ":80 comment \"sandbox\"\n";
  }
  return script + "}\n" + hook("hostports") + "}\n";
}

std::string elements_of_a_map() {
  std::string script =
      "flush ruleset\ntable ip crio-hostports {\nmap m {\ntype inet_proto . inet_service : "
      "ipv4_addr . inet_service\nelements = { ";
  for (int rule = 1; rule <= kRules; ++rule) {
    script += "tcp . " + std::to_string(rule) + " : 10.1.1.1 . 80,";
  }
  return script + "}\n}\nchain hostports {\ndnat ip addr . port to meta l4proto . th dport map " +
         "@m\n}\n" + hook("hostports") + "}\n";
}

void read_all(benchmark::State& state, const std::string& script) {
  feed_nft(script);
  const auto netlink = live_netlink();
  for (auto _ : state) {
    const auto tables = read_nf_tables(*netlink);
    if (!tables) {
      state.SkipWithError(tables.error().message.c_str());
      return;
    }
    if (walk_nat(tables->tables, {}).rules.size() != kRules)
      state.SkipWithError("rules are missing");
  }
}

void read_rules_in_a_chain(benchmark::State& state) {
  read_all(state, rules_in_a_chain());
}
void read_elements_of_a_map(benchmark::State& state) {
  read_all(state, elements_of_a_map());
}
BENCHMARK(read_rules_in_a_chain)->Unit(benchmark::kMillisecond);
BENCHMARK(read_elements_of_a_map)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostnet

int main(int argc, char** argv) {
  if (unshare(CLONE_NEWNET) != 0) {
    std::perror("a network namespace of one's own needs root");
    return 1;
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
