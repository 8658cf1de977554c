// What it costs to read NAT rules: 5,000 of them in one chain, as CNI portmap
// writes them, 5,000 elements of one map, as CRI-O does, and 5,000 rules of legacy
// iptables. Promised: under 50 ms each, and under 1 % of a core for a watch whose
// rules change every second. Needs root, nft and iptables-legacy; works in a
// network namespace of its own.

#include <benchmark/benchmark.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "agent/ports/nat_look.h"
#include "netlink/live_netlink.h"
#include "netlink/nat/read_nf_tables.h"
#include "netlink/nat/walk_nat.h"

namespace hostnet {
namespace {

constexpr int kRules = 5000;

void feed(const char* command, const std::string& script) {
  FILE* pipe = popen(command, "w");
  if (pipe == nullptr) std::abort();
  std::fwrite(script.data(), 1, script.size(), pipe);
  if (pclose(pipe) != 0) std::abort();
}
void feed_nft(const std::string& script) {
  feed("nft -f -", script);
}

std::string legacy_rules() {
  std::string script = "*nat\n:CNI-HOSTPORT-DNAT -\n-A PREROUTING -j CNI-HOSTPORT-DNAT\n";
  for (int rule = 1; rule <= kRules; ++rule) {
    script += "-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport " + std::to_string(rule) +
              " -j DNAT --to-destination 10.1." + std::to_string(rule / 256) + "." +
              std::to_string(rule % 256) + ":80\n";
  }
  return script + "COMMIT\n";
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

// A second passes with every look, and what it costs is real.
class SecondHand final : public Clock {
 public:
  SteadyTime steady() const override { return now_; }
  WallTime wall() const override { return {}; }
  std::chrono::nanoseconds thread_cpu() const override {
    timespec spent{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
  }
  void tick() { now_ += std::chrono::seconds(1); }

 private:
  SteadyTime now_{std::chrono::hours(1)};
};

// One iteration is a minute of a watch whose rules change every second.
void watch_changing_rules(benchmark::State& state) {
  constexpr int kSeconds = 60;
  feed_nft(rules_in_a_chain());
  auto node = live_node({});
  if (!node) return state.SkipWithError(node.error().message.c_str());
  const auto clock = std::make_shared<SecondHand>();
  node->clock = clock;
  NatLook nat(*node);
  std::chrono::nanoseconds spent{};
  for (auto _ : state) {
    for (int second = 0; second < kSeconds; ++second) {
      state.PauseTiming();
      feed_nft("add rule ip cni_hostport prerouting tcp dport 60000 accept\n");
      clock->tick();
      PortTable table;
      state.ResumeTiming();
      const auto begin = clock->thread_cpu();
      nat.look(clock->steady(), table);
      spent += clock->thread_cpu() - begin;
      if (!table.nat || table.nat->rules().size() != kRules) {
        return state.SkipWithError("rules are missing");
      }
    }
  }
  state.counters["core_percent"] = std::chrono::duration<double>(spent).count() * 100 / kSeconds /
                                   static_cast<double>(state.iterations());
}

void read_legacy_iptables(benchmark::State& state) {
  feed("iptables-legacy-restore", legacy_rules());
  const auto node = live_node({});
  if (!node) return state.SkipWithError(node.error().message.c_str());
  for (auto _ : state) {
    UnknownParts unknown;
    const auto bytes = node->ip_tables->nat_table(AddressFamily::ipv4);
    if (!bytes) return state.SkipWithError(bytes.error().message.c_str());
    const auto table = decode_ip_table(AddressFamily::ipv4, *bytes, unknown);
    if (!table || walk_nat({*table}, {}).rules.size() != kRules) {
      return state.SkipWithError("rules are missing");
    }
  }
}

BENCHMARK(read_legacy_iptables)->Unit(benchmark::kMillisecond);
BENCHMARK(watch_changing_rules)->Unit(benchmark::kMillisecond)->Iterations(2);
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
