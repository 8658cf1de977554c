// What the agent says of packet filters against what gets through them.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <iterator>
#include <random>

#include "agent/ports/nat/nat_scan.h"
#include "netlink/node/node.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "netlink/sock_diag.h"
#include "tests/kernel/in_nat_lab.h"
#include "tests/kernel/nat_rule_set.h"

namespace hostnet {
namespace {

using namespace testing;

constexpr unsigned kRuleSets = 40, kSeed = 20261130;
constexpr std::uint16_t kPorts = 8;  // of the lab's
constexpr ProbeOrigin kOrigins[] = {ProbeOrigin::eth0, ProbeOrigin::eth1, ProbeOrigin::pod0};

// Random filters of what arrives.
class Filters {
 public:
  explicit Filters(unsigned seed) : random_(seed) {}

  std::vector<std::string> next(bool nft) { return nft ? nft_script() : iptables_script(); }

 private:
  std::vector<std::string> iptables_script() {
    std::vector<std::string> lines{"-N ONE", "-N TWO"};
    if (chance(25)) lines.emplace_back("-P INPUT DROP");
    for (const char* chain : {"INPUT", "INPUT", "ONE", "TWO"}) {
      for (unsigned left = 1 + below(3); left > 0; --left) {
        const std::string last =
            chain == std::string("INPUT")
                ? pick({"ACCEPT", "DROP", "DROP", "REJECT", "ONE", "TWO", "RETURN"})
                : pick({"ACCEPT", "DROP", "REJECT", "RETURN", "RETURN"});
        lines.push_back(fmt::format("-A {} {} {}-j {}", chain, matches_of_iptables(),
                                    chance(25) ? "-m mark --mark 0x1 " : "", last));
      }
      if (chance(30)) {
        lines.push_back(
            fmt::format("-A {} {} -j MARK --set-xmark 0x1", chain, matches_of_iptables()));
      }
    }
    return lines;
  }

  std::string matches_of_iptables() {
    std::string words = pick({"-p tcp", "-p tcp", "-p udp"});
    if (chance(70)) words += " --dport " + (chance(50) ? port() : port() + ":20007");
    if (chance(30)) words += pick({" -i eth0", " ! -i eth0", " -i eth+", " -i pod0"});
    if (chance(25))
      words += pick({" -d 10.9.0.1", " ! -d 10.9.0.1", " -m addrtype --dst-type LOCAL"});
    if (chance(25)) words += " -m conntrack --ctstate " + pick({"NEW", "ESTABLISHED", "DNAT"});
    if (chance(15)) words += pick({" -s 10.9.0.0/24", " ! -s 10.9.0.0/24"});
    return words;
  }

  std::vector<std::string> nft_script() {
    std::vector<std::string> lines{"add table inet f", "add chain inet f one",
                                   "add chain inet f two"};
    for (const char* base : {"prerouting priority -10", "input priority 0", "input priority 10"}) {
      const std::string name = fmt::format("b{}", lines.size());
      lines.push_back(fmt::format("add chain inet f {} {{ type filter hook {}; policy {}; }}", name,
                                  base, chance(15) ? "drop" : "accept"));
      add_nft_rules(lines, name, true);
    }
    add_nft_rules(lines, "one", false);
    add_nft_rules(lines, "two", false);
    return lines;
  }

  void add_nft_rules(std::vector<std::string>& lines, const std::string& chain, bool base) {
    for (unsigned left = 1 + below(3); left > 0; --left) {
      const std::string last =
          base ? pick({"accept", "drop", "drop", "reject", "jump one", "goto two", "return",
                       "meta mark set 0x1"})
               : pick({"accept", "drop", "reject", "return", "meta mark set 0x1"});
      lines.push_back(fmt::format("add rule inet f {} {} {}", chain, matches_of_nft(),
                                  chain.starts_with('b') && last == "reject" ? "drop" : last));
    }
  }

  std::string matches_of_nft() {
    std::string words =
        pick({"meta l4proto tcp", "meta l4proto { tcp, udp }", "meta nfproto ipv4"});
    if (chance(60)) {
      words += " th dport " + pick({port(), port() + "-20007",
                                    fmt::format("{{ {}, 20006 }}", port()), "!= " + port()});
    }
    if (chance(30)) words += pick({" iifname eth0", " iifname != eth0", " iifname \"eth*\""});
    if (chance(20)) words += pick({" fib daddr type local", " fib daddr type != local"});
    if (chance(20)) words += pick({" ct state new", " ct state established", " ct status dnat"});
    if (chance(20)) words += pick({" meta mark 0x1", " meta mark != 0x1"});
    if (chance(10)) words += " ip saddr 10.9.0.0/24";
    return words;
  }

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::string pick(std::initializer_list<std::string> values) {
    return *(values.begin() + below(static_cast<unsigned>(values.size())));
  }
  std::string port() { return std::to_string(kFirstNatPort + below(kPorts)); }

  std::mt19937 random_;
};

bool run_all(const std::string& tool, const std::vector<std::string>& lines) {
  const std::string script = fmt::format("{}", fmt::join(lines, "\n"));
  if (tool == "nft") {
    FILE* pipe = popen("nft -f - 2>/dev/null", "w");
    std::fwrite(script.data(), 1, script.size(), pipe);
    return pclose(pipe) == 0;
  }
  bool taken = true;
  for (const std::string& line : lines) {
    taken = std::system(fmt::format("{} -w -t filter {} 2>/dev/null", tool, line).c_str()) == 0 &&
            taken;
  }
  return taken;
}

class FilterOracle : public InNatLab {
 protected:
  void add_probes() override {
    for (const ProbeOrigin origin : kOrigins) {
      for (std::uint16_t port = kFirstNatPort; port < kFirstNatPort + kPorts; ++port) {
        for (const char* address : kNodeAddresses4) {
          for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
            probes_.push_back({origin, protocol, parse_ip(address).value(), port});
          }
        }
      }
    }
  }

  static void clear() {
    ASSERT_EQ(std::system("nft flush ruleset; iptables-legacy -P INPUT ACCEPT; "
                          "iptables-legacy -F; iptables-legacy -X"),
              0);
  }

  std::shared_ptr<const PortFilters> filters() const {
    PortSnapshot table;
    table.links = read_links(*node_->netlink).value();
    table.addresses = read_addresses(*node_->netlink).value();
    NatScan(*node_).scan(node_->clock->steady(), table.links, table.addresses, table);
    EXPECT_TRUE(table.coverage.problems.empty());
    return table.filters;
  }
};

TEST_F(FilterOracle, WhatTheAgentCallsFilteredNobodyGets) {
  Filters random(kSeed);
  std::size_t filtered = 0, open = 0, missed = 0, refused = 0, wrong = 0;
  for (unsigned at = 0; at < kRuleSets && wrong < 5; ++at) {
    const std::string tool = at % 3 == 0 ? "iptables-legacy" : at % 3 == 1 ? "iptables" : "nft";
    const auto lines = random.next(tool == "nft");
    clear();
    if (!run_all(tool, lines)) ++refused;
    const auto filters_now = filters();
    std::vector<std::shared_ptr<const NatRule>> ending;
    for (const Probe& probe : probes_) {
      ending.push_back(filters_now->ending({.ip_protocol = ip_protocol(probe.protocol),
                                            .port = probe.port,
                                            .destination = probe.address,
                                            .interface = std::string(to_string(probe.origin))}));
    }
    // What is delivered was delivered when send() returns.
    const auto answers = lab_.send(probes_, [](std::size_t) { return false; });
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      if (!ending[i]) {
        ++(answers[i] ? open : missed);
        continue;
      }
      ++filtered;
      if (!answers[i]) continue;
      ADD_FAILURE() << probes_[i].to_string() << " gets through, but by the agent "
                    << ending[i]->text << " ends it\n"
                    << tool << "\n"
                    << fmt::format("{}", fmt::join(lines, "\n"));
      if (++wrong == 5) break;
    }
  }
  clear();
  std::printf(
      "%u rule sets (%zu with rules refused), %zu filtered, %zu open, %zu filtered on a "
      "condition\n",
      kRuleSets, refused, filtered, open, missed);
  EXPECT_GT(filtered, 500U);
  EXPECT_GT(open, 500U);
  // Sources decide in about a tenth of the rules.
  EXPECT_LT(missed, (filtered + open + missed) / 4);
}

}  // namespace
}  // namespace hostnet
