// What it costs to read NAT rules: 5,000 of them in one chain, as CNI portmap
// writes them, 5,000 elements of one map, as CRI-O does, and 5,000 rules of legacy
// iptables, a rule over an ipset of 5,000 elements, and 5,000 IPVS services. Promised:
// under 50 ms each, and under 1 % of a core for a watch whose
// rules change every second. Needs root, nft, ipset and iptables; works in a
// network namespace of its own.

#include <benchmark/benchmark.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sched.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "agent/ports/nat/nat_scan.h"
#include "netlink/genetlink/generic_netlink.h"
#include "netlink/live_netlink.h"
#include "netlink/nat/ipvs/ipvs_rules.h"
#include "netlink/nat/nftables/read_nf_tables.h"
#include "netlink/nat/walk_nat.h"
#include "netlink/nat/xtables/ip_tables.h"

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

// A second passes with every scan, and what it costs is real.
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
  NatScan nat(*node);
  std::chrono::nanoseconds spent{};
  for (auto _ : state) {
    for (int second = 0; second < kSeconds; ++second) {
      state.PauseTiming();
      feed_nft("add rule ip cni_hostport prerouting tcp dport 60000 accept\n");
      clock->tick();
      PortSnapshot table;
      state.ResumeTiming();
      const auto begin = clock->thread_cpu();
      nat.scan(clock->steady(), {}, {}, table);
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
    const auto bytes = node->ip_tables->table(AddressFamily::ipv4, "nat");
    if (!bytes) return state.SkipWithError(bytes.error().message.c_str());
    const auto table = decode_ip_table(AddressFamily::ipv4, *bytes, unknown);
    if (!table || walk_nat(std::vector{*table}, {}).rules.size() != kRules) {
      return state.SkipWithError("rules are missing");
    }
  }
}

// One rule over a set of 5,000 addresses and ports, as kube-proxy's IPVS mode has them.
void read_rule_over_an_ip_set(benchmark::State& state) {
  feed_nft("flush ruleset\n");
  std::string set = "create many hash:ip,port maxelem 65536\n";
  for (int element = 1; element <= kRules; ++element) {
    set += "add many 10.1." + std::to_string(element / 256) + "." + std::to_string(element % 256) +
           ",tcp:80\n";
  }
  feed("ipset restore", set);
  feed("sh -e",
       "iptables-nft -t nat -A PREROUTING -p tcp -m set --match-set many dst,dst "
       "-j DNAT --to-destination 10.2.0.1\n");
  const auto netlink = live_netlink();
  for (auto _ : state) {
    const auto tables = read_nf_tables(*netlink);
    if (!tables) return state.SkipWithError(tables.error().message.c_str());
    if (walk_nat(tables->tables, {}).rules.size() != kRules) {
      return state.SkipWithError("rules are missing");
    }
  }
  feed_nft("flush ruleset\n");
  feed("ipset restore", "destroy many\n");
}

// A kernel with 5,000 IPVS services of one server each: this machine's may have no
// IPVS, so the kernel's own share is not in it.
class ManyIpvsServices final : public Netlink {
 public:
  ManyIpvsServices() {
    for (int at = 0; at < kRules; ++at) {
      IpAddress ip{.family = AddressFamily::ipv4, .bytes = {}};
      ip.bytes = {10, 1, static_cast<std::uint8_t>(at / 256), static_cast<std::uint8_t>(at % 256)};
      addresses.push_back(ip);
      services_.push_back(message(IPVS_CMD_NEW_SERVICE, IPVS_CMD_ATTR_SERVICE,
                                  {{IPVS_SVC_ATTR_AF, bytes_of(std::uint16_t{AF_INET})},
                                   {IPVS_SVC_ATTR_PROTOCOL, bytes_of(std::uint16_t{IPPROTO_TCP})},
                                   {IPVS_SVC_ATTR_ADDR, bytes_of(ip.bytes)},
                                   {IPVS_SVC_ATTR_PORT, bytes_of(htons(80))}}));
    }
    server_ = message(IPVS_CMD_NEW_DEST, IPVS_CMD_ATTR_DEST,
                      {{IPVS_DEST_ATTR_ADDR, bytes_of(addresses.front().bytes)},
                       {IPVS_DEST_ATTR_PORT, bytes_of(htons(80))},
                       {IPVS_DEST_ATTR_WEIGHT, bytes_of(std::uint32_t{1})}});
  }

  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    if (request.type == GENL_ID_CTRL) return sink.on_message(family_.view());
    if (std::to_integer<int>(request.body.at(0)) == IPVS_CMD_GET_DEST) {
      return sink.on_message(server_.view());
    }
    for (const Message& service : services_) {
      if (auto done = sink.on_message(service.view()); !done) return done;
    }
    return {};
  }
  Result<> sockets(const SocketQuery&, const SocketSink&) override { return {}; }
  Result<std::unique_ptr<Subscription>> subscribe(int, std::span<const unsigned>) override {
    return failure(Reason::unsupported, "subscribing");
  }

  std::vector<IpAddress> addresses;  // sorted

 private:
  struct Message {
    std::vector<std::byte> payload;
    NetlinkMessage view() const { return {.type = 32, .payload = payload}; }
  };
  using Attributes = std::vector<std::pair<std::uint16_t, std::vector<std::byte>>>;
  template <class T>
  static std::vector<std::byte> bytes_of(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
  }
  static Message message(std::uint8_t command, std::uint16_t outer, const Attributes& inner) {
    RequestBuilder nested(NETLINK_GENERIC, 0, 0, {});
    for (const auto& [type, value] : inner) nested.attribute(type, value);
    auto whole = generic_request(32, command, 0, {});
    whole.attribute(outer, std::move(nested).build().body);
    return {std::move(whole).build().body};
  }

  std::vector<Message> services_;
  Message server_, family_{std::move(generic_request(16, CTRL_CMD_NEWFAMILY, 0, {})
                                         .attribute(CTRL_ATTR_FAMILY_ID, std::uint16_t{32}))
                               .build()
                               .body};
};

class FilesWithIpvs final : public Files {
 public:
  Result<> read(std::string_view, std::string&) const override { return none(); }
  Result<std::vector<std::string>> list(std::string_view) const override { return none(); }
  Result<std::string> link(std::string_view) const override { return none(); }
  Result<std::uint64_t> inode(std::string_view) const override { return none(); }
  Result<FileOwner> owner(std::string_view) const override { return none(); }
  bool exists(std::string_view) const override { return true; }
  Result<std::string> cgroup_path(std::uint64_t) const override { return none(); }
  Result<> socket_descriptors(int, std::vector<SocketDescriptor>&) const override { return none(); }
  Result<std::uint64_t> socket_inode(int, int) const override { return none(); }

 private:
  static std::unexpected<Error> none() { return failure(Reason::unsupported, "no files"); }
};

void read_ipvs_services(benchmark::State& state) {
  ManyIpvsServices kernel;
  const FilesWithIpvs files;
  for (auto _ : state) {
    const auto table = read_ipvs(kernel, files, kernel.addresses);
    if (!table || ipvs_rules(*table, true).size() != kRules) {
      return state.SkipWithError("services are missing");
    }
  }
}

BENCHMARK(read_rule_over_an_ip_set)->Unit(benchmark::kMillisecond);
BENCHMARK(read_ipvs_services)->Unit(benchmark::kMillisecond);
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
