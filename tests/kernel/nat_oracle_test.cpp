// What the agent says of NAT rules against who really answers.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "agent/config/policy.h"
#include "agent/findings/check.h"
#include "agent/ports/nat/nat_scan.h"
#include "netlink/node/node.h"
#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/kernel/in_nat_lab.h"
#include "tests/kernel/nat_rule_set.h"

namespace hostnet {
namespace {

using namespace testing;

constexpr std::size_t kRuleSets = 48;
constexpr unsigned kSeed = 20261129;

// What the agent says of one probe: who answers; nobody; or that it is not known.
struct Said {
  bool known{true};
  std::vector<Server> servers;  // one of them answers; none: nobody
  std::string rule;             // empty: none takes it
};

class NatOracle : public InNatLab {
 protected:
  void add_probes() override {
    for (std::uint16_t port = kFirstNatPort; port < kFirstNatPort + kNatPorts; ++port) {
      for (const Protocol protocol : {Protocol::tcp, Protocol::udp}) {
        for (const ProbeOrigin origin :
             {ProbeOrigin::eth0, ProbeOrigin::eth1, ProbeOrigin::pod0, ProbeOrigin::node}) {
          add_probes_at(origin, protocol, port);
        }
      }
    }
  }

  void add_probes_at(ProbeOrigin origin, Protocol protocol, std::uint16_t port) {
    std::vector<std::string> addresses(std::begin(kNodeAddresses4), std::end(kNodeAddresses4));
    addresses.insert(addresses.end(), std::begin(kNodeAddresses6), std::end(kNodeAddresses6));
    if (origin == ProbeOrigin::node) addresses.insert(addresses.end(), {"127.0.0.1", "::1"});
    for (const std::string& address : addresses) {
      probes_.push_back({origin, protocol, parse_ip(address).value(), port});
    }
  }

  PortSnapshot scan() const {
    PortSnapshot table;
    table.links = read_links(*node_->netlink).value();
    table.addresses = read_addresses(*node_->netlink).value();
    NatScan(*node_).scan(node_->clock->steady(), table.links, table.addresses, table);
    EXPECT_TRUE(table.coverage.problems.empty())
        << (table.coverage.problems.empty() ? "" : table.coverage.problems[0].message);
    return table;
  }

  static Said said_of(const Probe& probe, const PortSnapshot& table) {
    const std::string interface(to_string(probe.origin));
    for (const NatRule* rule : table.nat->on_port(probe.protocol, probe.port)) {
      const PacketScope& scope = rule->scope;
      if (scope.family != probe.address.family) continue;
      if (scope.destination && !scope.destination->contains(probe.address)) continue;
      const bool own = probe.origin == ProbeOrigin::node;
      if (own ? !rule->output
              : !rule->prerouting || !matches_interface(scope.arrives_on, interface))
        continue;
      if (scope.certainty != Certainty::certain)
        return {.known = false, .servers = {}, .rule = rule->text};
      return {.servers = servers_of(*rule, probe), .rule = rule->text};
    }
    return {.servers = {{.port = probe.port}}};
  }

  // Whoever the rule's targets are.
  static std::vector<Server> servers_of(const NatRule& rule, const Probe& probe) {
    std::vector<Server> out;
    for (const NatTarget& target : rule.targets) {
      const unsigned first = target.port == 0 ? probe.port : target.port;
      const unsigned last = target.port == 0 ? probe.port : target.last_port;
      for (unsigned port = first; port <= last; ++port) {
        Server server{.port = static_cast<std::uint16_t>(port)};
        server.transparent = rule.effect == NatEffect::tproxy;
        if (target.address) {
          server.in_pod = *target.address == parse_ip(kPod4) || *target.address == parse_ip(kPod6);
          if (!arrives(probe, *target.address, server.in_pod)) continue;
        }
        out.push_back(server);
      }
    }
    return out;
  }

  // Packets to or from loopback only pass between machines where a device lets them.
  static bool arrives(const Probe& probe, const IpAddress& target, bool in_pod) {
    const bool own = probe.origin == ProbeOrigin::node;
    const bool strays = own ? in_pod && probe.address.is_loopback() : target.is_loopback();
    if (!strays) return true;
    // Of ::1 what is sent arrives, but no answer comes back.
    if (target.family == AddressFamily::ipv6) return own && probe.protocol == Protocol::udp;
    const std::string device(own ? "pod0" : to_string(probe.origin));
    return is_on("all") || is_on(device);
  }

  static bool is_on(const std::string& device) {
    char value = '0';
    std::ifstream("/proc/sys/net/ipv4/conf/" + device + "/route_localnet") >> value;
    return value == '1';
  }

  struct Mistake {
    Probe probe;
    std::string what;
  };
  // The first of the probes of which the agent is wrong.
  std::optional<Mistake> try_out(std::span<const Probe> probes, bool translated,
                                 std::chrono::milliseconds longest_wait = std::chrono::seconds{
                                     30}) {
    NatLab::forget_connections();
    PortSnapshot table = scan();
    std::vector<Said> said;
    for (const Probe& probe : probes) said.push_back(said_of(probe, table));
    const auto may_be_lost = [&](std::size_t at) {
      return translated && said[at].servers.front().transparent;
    };
    const auto answers = lab_.send(
        probes,
        [&](std::size_t at) {
          return said[at].known && !said[at].servers.empty() && !may_be_lost(at);
        },
        longest_wait);
    if (probes.size() == probes_.size()) compare_with_check(answers, table);
    for (std::size_t at = 0; at < probes.size(); ++at) {
      if (!said[at].known) {
        ++unknown_;
        if (std::getenv("HOSTNET_NAT_SHOW")) std::printf("unknown: %s\n", said[at].rule.c_str());
        continue;
      }
      taken_ += said[at].rule.empty() ? 0U : 1U;
      const auto& who = said[at].servers;
      const bool lost = !answers[at] && !who.empty() && may_be_lost(at);
      // The node's own packets, translated to itself, meet the rules for arriving ones again.
      const bool met_a_proxy = answers[at] && answers[at]->transparent && !who.empty() &&
                               probes[at].origin == ProbeOrigin::node && !said[at].rule.empty();
      const bool right =
          lost || met_a_proxy ||
          (answers[at] ? std::ranges::find(who, *answers[at]) != who.end() : who.empty());
      if (right || (probes.size() > 1 && !is_repeated(probes[at], translated))) continue;
      return Mistake{probes[at],
                     fmt::format("{}: {} answers, but by the agent {} ({})", probes[at].to_string(),
                                 answers[at] ? answers[at]->to_string() : "nobody",
                                 who.empty() ? "nobody" : who.front().to_string(),
                                 said[at].rule.empty() ? "no rule" : said[at].rule)};
    }
    return std::nullopt;
  }

  // What the agent is wrong of it is wrong of each time. A single connection may be lost: those of
  // four origins become one address's, and the port that one gets there may be another's, whose end
  // the pod still waits for.
  bool is_repeated(const Probe& probe, bool translated) {
    constexpr int kTimes = 6;
    for (int time = 0; time < kTimes; ++time) {
      if (!try_out({&probe, 1}, translated, std::chrono::seconds{10})) return false;
    }
    return true;
  }

  // What a proxy has and another rule translates too nobody answers.
  static bool translates(const NatRuleSet& set) {
    return std::ranges::any_of(set.rules, [](const std::string& rule) {
      return rule.contains("dnat") || rule.contains("redirect") || rule.contains("DNAT") ||
             rule.contains("REDIRECT");
    });
  }

  // What a server on every address of a family would be told by /check.
  static CheckVerdict checked(const Probe& probe, PortSnapshot& table) {
    table.holders.clear();
    for (const NatRule* rule : table.nat->on_port(probe.protocol, probe.port)) {
      table.holders.push_back(holder_of_rule(table, *rule, probe.protocol, probe.port));
    }
    const CheckQuery query{.protocol = probe.protocol,
                           .port = probe.port,
                           .address = IpAddress{.family = probe.address.family},
                           .v6only = true};
    return check_port(query, table, {}, default_policy(), {}).verdict;
  }

  // Free is what nobody else got a packet for, diverted what somebody did, or nobody got.
  void compare_with_check(std::span<const std::optional<Server>> answers, PortSnapshot& table) {
    struct Lost {
      std::size_t all{};
      std::size_t to_proxies{};  // the node's own, once translated: see met_a_proxy in try_out()
    };
    std::map<std::tuple<Protocol, std::uint16_t, AddressFamily>, Lost> lost;
    for (std::size_t at = 0; at < probes_.size(); ++at) {
      const Probe& probe = probes_[at];
      Lost& count = lost[{probe.protocol, probe.port, probe.address.family}];
      if (answers[at] == Server{.port = probe.port}) continue;
      ++count.all;
      const bool proxy = answers[at] && answers[at]->transparent;
      if (proxy && probe.origin == ProbeOrigin::node) ++count.to_proxies;
    }
    for (const auto& [asked, count] : lost) {
      const auto& [protocol, port, family] = asked;
      const auto verdict = checked({{}, protocol, {.family = family}, port}, table);
      ++checks_[verdict];
      const bool wrong = (verdict == CheckVerdict::free && count.all > count.to_proxies) ||
                         (verdict == CheckVerdict::diverted && count.all == 0);
      if (wrong) wrong_checks_.push_back(asked);
    }
  }

  // Leaves rules out as long as the agent stays wrong of the same probe.
  std::string smallest(NatRuleSet set, Mistake mistake) {
    for (std::size_t at = 0; at < set.rules.size();) {
      NatRuleSet fewer = set;
      fewer.rules.erase(fewer.rules.begin() + static_cast<std::ptrdiff_t>(at));
      const auto still = fewer.load() ? try_out({&mistake.probe, 1}, translates(fewer),
                                                std::chrono::milliseconds{300})
                                      : std::nullopt;
      if (still) {
        set = std::move(fewer);
        mistake = *still;
      } else {
        ++at;
      }
    }
    return mistake.what + "\n" + set.to_string();
  }

  std::size_t unknown_{}, taken_{};
  std::map<CheckVerdict, std::size_t> checks_;
  std::vector<std::tuple<Protocol, std::uint16_t, AddressFamily>> wrong_checks_;
};

TEST_F(NatOracle, WhoAnswersIsWhomTheAgentNames) {
  const char* wanted = std::getenv("HOSTNET_NAT_SEED");
  const auto seed = wanted == nullptr ? kSeed : static_cast<unsigned>(std::stoul(wanted));
  std::printf("seed %u\n", seed);
  NatRuleSets sets(seed);
  std::size_t refused = 0, wrong = 0;
  for (std::size_t done = 0; done < kRuleSets; ++done) {
    NatRuleSet set = sets.next();
    if (!set.load()) {
      ++refused;
      if (std::getenv("HOSTNET_NAT_SHOW")) std::printf("refused: %s\n", set.to_string().c_str());
      continue;
    }
    const auto mistake = try_out(probes_, translates(set));
    for (const auto& [protocol, port, family] : std::exchange(wrong_checks_, {})) {
      ADD_FAILURE() << "/check is wrong of " << to_string(protocol) << " " << port << " of "
                    << (family == AddressFamily::ipv4 ? "IPv4" : "IPv6") << "\n"
                    << set.to_string();
    }
    if (!mistake) continue;
    ADD_FAILURE() << smallest(set, *mistake);
    if (++wrong == 5) break;
  }
  const std::size_t sent = kRuleSets * probes_.size();
  std::printf("%zu rule sets (%zu refused), %zu connections, %zu taken by rules, %zu not known\n",
              kRuleSets, refused, sent, taken_, unknown_);
  for (const auto& [verdict, count] : checks_) {
    std::printf("/check: %zu %s\n", count, std::string(to_string(verdict)).c_str());
  }
  EXPECT_LE(refused * 10, kRuleSets);
}

}  // namespace
}  // namespace hostnet
