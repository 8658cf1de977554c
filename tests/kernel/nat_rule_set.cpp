#include "tests/kernel/nat_rule_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>

namespace hostnet::testing {
namespace {

bool fed(const std::string& command, const std::string& script, const char* errors = "/dev/null") {
  FILE* pipe = popen((command + " 2>" + errors).c_str(), "w");
  if (pipe == nullptr) return false;
  std::fwrite(script.data(), 1, script.size(), pipe);
  return pclose(pipe) == 0;
}

// The lines of a script that nft complains about: "/dev/stdin:3:16-25: Error: …".
std::set<std::size_t> wrong_lines(std::istream& errors) {
  std::set<std::size_t> lines;
  constexpr std::string_view kPlace = "/dev/stdin:";
  for (std::string line; std::getline(errors, line);) {
    if (line.starts_with(kPlace)) lines.insert(std::stoul(line.substr(kPlace.size())));
  }
  return lines;
}

constexpr std::array<const char*, 4> kLocalnetDevices{"all", "eth0", "eth1", "pod0"};

// Answers find their way back from a pod to whoever asked by the node's address.
constexpr const char* kMasquerade =
    "add table inet answers\n"
    "add chain inet answers post { type nat hook postrouting priority 100; }\n"
    "add rule inet answers post oifname \"pod0\" masquerade\n";

// What iptables-restore reads, of one family.
std::string restorable(const std::vector<std::string>& rules, char family) {
  std::string script;
  for (const std::string table : {"raw", "mangle", "nat"}) {
    script += "*" + table + "\n:ONE -\n:TWO -\n";
    const std::string prefix = fmt::format("{} {} ", family, table);
    for (const std::string& rule : rules) {
      if (rule.starts_with(prefix)) script += rule.substr(prefix.size()) + "\n";
    }
    script += "COMMIT\n";
  }
  return script;
}

}  // namespace

std::string NatRuleSet::to_string() const {
  return fmt::format("{}, route_localnet of {}\n{}\n{}",
                     tool == NatTool::nft               ? "nft"
                     : tool == NatTool::iptables_legacy ? "iptables-legacy"
                                                        : "iptables-nft",
                     fmt::join(localnet, " "), fmt::join(head, "\n"), fmt::join(rules, "\n"));
}

bool NatRuleSet::load() {
  for (const std::string device : kLocalnetDevices) {
    const bool on = std::ranges::find(localnet, device) != localnet.end();
    std::ofstream("/proc/sys/net/ipv4/conf/" + device + "/route_localnet") << (on ? "1" : "0");
  }
  const bool legacy = tool == NatTool::iptables_legacy;
  for (const char family : {'4', '6'}) {
    // Legacy iptables keep what another set left.
    const std::vector<std::string> none;
    const std::string command = family == '4' ? "iptables" : "ip6tables";
    if (!fed(command + "-legacy-restore", restorable(legacy ? rules : none, family))) return false;
  }
  const std::string begin = std::string("flush ruleset\n") + kMasquerade;
  if (tool == NatTool::nft) return load_nft(begin);
  if (!fed("nft -f -", begin)) return false;
  if (tool != NatTool::iptables_nft) return true;
  return fed("iptables-nft-restore", restorable(rules, '4')) &&
         fed("ip6tables-nft-restore", restorable(rules, '6'));
}

bool NatRuleSet::load_nft(const std::string& begin) {
  const std::string before = fmt::format("{}{}\n", begin, fmt::join(head, "\n"));
  const auto lines_before = static_cast<std::size_t>(std::ranges::count(before, '\n'));
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::string errors = fmt::format("/tmp/nat-rule-set-{}", getpid());
    const bool done =
        fed("nft -f -", fmt::format("{}{}\n", before, fmt::join(rules, "\n")), errors.c_str());
    std::ifstream file(errors);
    const auto wrong = wrong_lines(file);
    unlink(errors.c_str());
    if (done) return true;
    for (auto line = wrong.rbegin(); line != wrong.rend(); ++line) {
      if (*line <= lines_before || *line - lines_before > rules.size()) return false;
      rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(*line - lines_before - 1));
    }
  }
  return false;
}

std::string NatRuleSets::ports(const char* dash) {
  const unsigned first = kFirstNatPort + below(kNatPorts - 1);
  return fmt::format("{}{}{}", first, dash,
                     first + 1 + below(kFirstNatPort + kNatPorts - first - 1));
}

std::string NatRuleSets::address(const Place&, bool ipv6) {
  if (ipv6) return chance(20) ? "::1" : kNodeAddresses6[below(std::size(kNodeAddresses6))];
  return chance(20) ? "127.0.0.1" : kNodeAddresses4[below(std::size(kNodeAddresses4))];
}

NatRuleSet NatRuleSets::next() {
  NatRuleSet set =
      chance(60) ? next_of_nft()
                 : next_of_iptables(chance(60) ? NatTool::iptables_legacy : NatTool::iptables_nft);
  for (const char* device : kLocalnetDevices) {
    if (chance(device == std::string_view("all") ? 10 : 40)) set.localnet.push_back(device);
  }
  return set;
}

NatRuleSet NatRuleSets::next_of_nft() {
  NatRuleSet out{.tool = NatTool::nft};
  struct Table {
    const char* family;
    bool ipv4, ipv6;
  };
  for (const auto& [family, ipv4, ipv6] :
       {Table{"ip", true, false}, Table{"ip6", false, true}, Table{"inet", true, true}}) {
    if (!chance(60)) continue;
    const std::string table = fmt::format("{} t", family);
    out.head.push_back("add table " + table);
    for (const char* chain : {"n1", "n2", "f1", "f2"}) {
      out.head.push_back(fmt::format("add chain {} {}", table, chain));
    }
    out.head.push_back(fmt::format(
        "add set {} ports {{ type inet_service; flags interval; elements = {{ {}, {} }}; }}", table,
        kFirstNatPort + 1 + below(3),
        fmt::format("{}-{}", kFirstNatPort + 6, kFirstNatPort + 8 + below(9))));
    const auto base = [&](const char* chain, const char* type, const char* hook, int priority) {
      out.head.push_back(fmt::format("add chain {} {} {{ type {} hook {} priority {}; }}", table,
                                     chain, type, hook, priority));
    };
    base("raw_pre", "filter", "prerouting", -300);
    base("raw_out", "filter", "output", -300);
    base("mangle_pre", "filter", "prerouting", pick({-150, -150, -140, -110}));
    base("mangle_out", "route", "output", -150);
    base("nat_pre", "nat", "prerouting", pick({-100, -100, -110, -90, 0}));
    base("nat_out", "nat", "output", pick({-100, -100, -110, -90}));
    for (const bool prerouting : {true, false}) {
      const std::string end = prerouting ? "_pre" : "_out";
      const auto add = [&](const std::string& chain, unsigned most, Stage stage, bool is_base) {
        add_nft_rules(out, table, chain, most,
                      {.stage = stage,
                       .prerouting = prerouting,
                       .ipv4 = ipv4,
                       .ipv6 = ipv6,
                       .base = is_base});
      };
      add("raw" + end, 1, Stage::raw, true);
      add("mangle" + end, 2, Stage::mangle, true);
      add("nat" + end, 5, Stage::nat, true);
    }
    const Place below_nat{.stage = Stage::nat, .prerouting = false, .ipv4 = ipv4, .ipv6 = ipv6};
    const Place below_filter{.stage = Stage::raw, .prerouting = false, .ipv4 = ipv4, .ipv6 = ipv6};
    for (const char* chain : {"n1", "n2"}) add_nft_rules(out, table, chain, 3, below_nat);
    for (const char* chain : {"f1", "f2"}) add_nft_rules(out, table, chain, 2, below_filter);
  }
  return out;
}

void NatRuleSets::add_nft_rules(NatRuleSet& out, const std::string& table, const std::string& chain,
                                unsigned most, const Place& place) {
  for (unsigned left = below(most + 1); left > 0; --left) {
    out.rules.push_back(fmt::format("add rule {} {} {}", table, chain, nft_rule(place)));
  }
}

std::string NatRuleSets::nft_rule(const Place& place) {
  std::string protocol;
  std::string rule;
  const bool maps = place.stage == Stage::nat && chance(15);
  if (maps && chance(50)) {
    return fmt::format(
        "{} dport vmap {{ {} : {}, {}-{} : {}, {} : return }}",
        pick({"tcp", "udp", "th"}) == std::string("th") ? "meta l4proto { tcp, udp } th" : "tcp",
        kFirstNatPort + below(3), place.base ? "jump n1" : "accept", kFirstNatPort + 4,
        kFirstNatPort + 5 + below(6), place.base ? "goto n2" : "return",
        kFirstNatPort + 15 + below(8));
  }
  if (maps) {
    return fmt::format("redirect to :tcp dport map {{ {} : 9000, {} : 9001, {} : {} }}",
                       kFirstNatPort + below(8), kFirstNatPort + 8 + below(8), kFirstNatPort + 16,
                       kFirstNatPort + 17 + below(7));
  }
  for (unsigned left = 1 + below(2); left > 0; --left) rule += nft_match(place, protocol) + " ";
  return rule + nft_action(place, protocol);
}

std::string NatRuleSets::nft_match(const Place& place, std::string& protocol) {
  if (protocol.empty() || chance(40)) {
    if (protocol.empty()) protocol = pick({"tcp", "tcp", "udp", "th"});
    const std::string dport =
        (protocol == "th" ? "meta l4proto { tcp, udp } th" : protocol) + " dport ";
    switch (below(place.names_ports() ? 3 : 8)) {
      case 0:
      case 1: return dport + port();
      case 2: return dport + ports("-");
      case 3: return dport + "!= " + ports("-");
      case 4: return dport + fmt::format("{{ {}, {} }}", port(), port());
      case 5: return dport + (chance(50) ? "@ports" : "!= @ports");
      case 6: return dport + (chance(50) ? "< " : ">= ") + port();
      default: break;
    }
    if (protocol == "th") return "meta l4proto { tcp, udp }";
    if (chance(40)) return fmt::format("meta l4proto {}", protocol);
    return fmt::format("meta l4proto . th dport {{ {} . {}, {} . {} }}", protocol, ports("-"),
                       protocol, port());
  }
  const bool ipv6 = place.ipv6 && (!place.ipv4 || chance(40));
  const std::string daddr = ipv6 ? "ip6 daddr " : "ip daddr ";
  switch (below(10)) {
    case 0: return daddr + address(place, ipv6);
    case 1: return daddr + "!= " + address(place, ipv6);
    case 2:
      return daddr + fmt::format("{{ {}, {} }}", ipv6 ? "fd00:9::1" : "10.9.0.1",
                                 ipv6 ? "fd00:55::1" : "10.55.0.1");
    case 3: return daddr + (ipv6 ? "fd00:8::/31" : "10.8.0.0/15");
    case 4: return "fib daddr type local";
    case 5:
      if (!place.prerouting) return "oifname \"lo\"";
      return pick({"iifname \"eth0\"", "iifname != \"eth0\"", "iifname \"eth*\"",
                   "iifname { \"eth0\", \"pod0\" }", "iif eth1", "iifname != \"lo\""});
    case 6:
      return pick({"meta mark 0x1", "meta mark != 0x1", "meta mark & 0x2 == 0x2", "meta mark 0x0"});
    case 7:
      return pick({"meta mark & 0x1 == 0x0", "ct mark 0x1", "ct mark != 0x1",
                   "meta mark { 0x1, 0x3 }", "ct mark 0x0", "ct status dnat", "ct state new",
                   "ct state untracked", "ct state != untracked", "ct state invalid",
                   "ct state { new, untracked }"});
    case 8: return pick({"meta nfproto ipv4", "meta nfproto ipv6"});
    default: return fmt::format("th dport != {}", port());
  }
}

std::string NatRuleSets::nft_action(const Place& place, const std::string& protocol) {
  if (chance(12))
    return pick({"meta mark set 0x1", "meta mark set meta mark | 0x2",
                 "meta mark set meta mark & 0xfffffffe", "meta mark set 0x3"});
  if (chance(6)) {
    return pick({"ct mark set 0x1", "ct mark set meta mark", "meta mark set ct mark"});
  }
  if (place.base && chance(15)) {
    return fmt::format("{} {}", pick({"jump", "goto"}),
                       place.stage == Stage::nat ? pick({"n1", "n2"}) : pick({"f1", "f2"}));
  }
  if (chance(12)) return pick({"accept", "return"});
  if (place.stage == Stage::raw) return place.base || chance(50) ? "notrack" : "accept";
  if (place.stage == Stage::mangle) {
    if (!place.prerouting) return "accept";
    return fmt::format("tproxy to :{}{}", kProxyPorts[below(2)],
                       chance(70)   ? " accept"
                       : chance(50) ? " meta mark set 0x1"
                                    : "");
  }
  const std::string to = place.ipv4 && place.ipv6 ? "dnat ip to " : "dnat to ";
  const bool ipv4 = place.ipv4;
  const std::string pod = ipv4 ? kPod4 : fmt::format("[{}]", kPod6);
  const std::string node = ipv4 ? "10.9.0.1" : "[fd00:9::1]";
  const std::string loopback = ipv4 ? "127.0.0.1" : "[::1]";
  static_cast<void>(protocol);
  switch (below(9)) {
    case 0: return "redirect";
    case 1:
    case 2: return fmt::format("redirect to :{}", kOtherNatPorts[below(3)]);
    case 3: return fmt::format("redirect to :{}", port());
    case 4: return to + (ipv4 ? kPod4 : kPod6);
    case 5: return fmt::format("{}{}:80-81", to, pod);
    case 6: return fmt::format("{}{}:9002", to, node);
    case 7: return fmt::format("{}{}:9001", to, loopback);
    default: return fmt::format("{}{}:80", to, pod);
  }
}

NatRuleSet NatRuleSets::next_of_iptables(NatTool tool) {
  NatRuleSet out{.tool = tool};
  for (const bool ipv4 : {true, false}) {
    const auto add = [&](const char* table, const std::string& chain, unsigned most, Place place) {
      place.ipv4 = ipv4;
      place.ipv6 = !ipv4;
      for (unsigned left = below(most + 1); left > 0; --left) {
        out.rules.push_back(
            fmt::format("{} {} -A {} {}", ipv4 ? 4 : 6, table, chain, iptables_rule(place)));
      }
    };
    for (const bool prerouting : {true, false}) {
      const char* chain = prerouting ? "PREROUTING" : "OUTPUT";
      add("raw", chain, 1, {.stage = Stage::raw, .prerouting = prerouting, .base = true});
      add("mangle", chain, 2, {.stage = Stage::mangle, .prerouting = prerouting, .base = true});
      add("nat", chain, 5, {.stage = Stage::nat, .prerouting = prerouting, .base = true});
    }
    for (const char* chain : {"ONE", "TWO"}) {
      add("nat", chain, 3, {.stage = Stage::nat, .prerouting = false});
      add("raw", chain, 1, {.stage = Stage::raw, .prerouting = false});
    }
  }
  return out;
}

std::string NatRuleSets::iptables_match(const Place& place, bool& has_ports) {
  if (!has_ports) {
    has_ports = true;
    const std::string protocol =
        "-p " + pick({std::string("tcp"), std::string("tcp"), std::string("udp")});
    switch (below(place.names_ports() ? 4 : 6)) {
      case 0:
      case 1: return protocol + " --dport " + port();
      case 2: return protocol + " --dport " + ports(":");
      case 3:
        if (place.names_ports()) return protocol + " -m multiport --dports " + ports(",");
        return protocol + " ! --dport " + ports(":");
      case 4: return protocol + fmt::format(" -m multiport --dports {},{}", port(), ports(":"));
      default: return protocol + fmt::format(" -m multiport ! --dports {},{}", port(), ports(":"));
    }
  }
  switch (below(7)) {
    case 0: return "-d " + address(place, place.ipv6);
    case 1: return "! -d " + address(place, place.ipv6);
    case 2: return std::string("-d ") + (place.ipv6 ? "fd00:8::/31" : "10.8.0.0/15");
    case 3: return "-m addrtype --dst-type LOCAL";
    case 4:
      return pick({"-m mark --mark 0x1", "-m mark ! --mark 0x1", "-m mark --mark 0x2/0x2",
                   "-m comment --comment why"});
    case 5:
      return pick({"-m connmark --mark 0x1", "-m connmark ! --mark 0x1",
                   "-m conntrack --ctstate NEW", "-m conntrack --ctstate UNTRACKED",
                   "-m conntrack ! --ctstate UNTRACKED,INVALID", "-m conntrack --ctstate NEW,DNAT",
                   "-m conntrack ! --ctstatus DNAT", "-m state --state NEW,INVALID"});
    default:
      if (!place.prerouting) return place.base ? "-o lo" : "-m comment --comment below";
      return pick({"-i eth0", "! -i eth0", "-i eth+", "-i eth1", "-i pod0"});
  }
}

std::string NatRuleSets::iptables_rule(const Place& place) {
  bool has_ports = false;
  std::string rule;
  std::string last;
  for (unsigned left = 1 + below(2); left > 0; --left)
    rule += iptables_match(place, has_ports) + " ";
  if (place.stage != Stage::nat && chance(35)) {
    return rule + pick({"-j MARK --set-xmark 0x1", "-j MARK --or-mark 0x2",
                        "-j MARK --set-xmark 0x0/0x1"});
  }
  if (place.stage != Stage::nat && chance(10)) {
    return rule + pick({"-j CONNMARK --save-mark", "-j CONNMARK --restore-mark",
                        "-j CONNMARK --set-mark 0x1"});
  }
  const bool has_chains = place.base && place.stage != Stage::mangle;
  if (has_chains && chance(15)) return rule + pick({"-j ONE", "-g ONE", "-j TWO", "-g TWO"});
  if (chance(12)) return rule + pick({"-j ACCEPT", "-j RETURN"});
  if (place.stage == Stage::raw) return rule + pick({"-j NOTRACK", "-j CT --notrack"});
  if (place.stage == Stage::mangle) {
    if (!place.prerouting) return rule + "-j ACCEPT";
    return rule + fmt::format("-j TPROXY --on-port {}{}", kProxyPorts[below(2)],
                              chance(30) ? " --tproxy-mark 0x1/0x1" : "");
  }
  const std::string pod = place.ipv4 ? kPod4 : fmt::format("[{}]", kPod6);
  const std::string node = place.ipv4 ? "10.9.0.1" : "[fd00:9::1]";
  switch (below(8)) {
    case 0: return rule + "-j REDIRECT";
    case 1:
    case 2: return rule + fmt::format("-j REDIRECT --to-ports {}", kOtherNatPorts[below(3)]);
    case 3: return rule + fmt::format("-j DNAT --to-destination {}", place.ipv4 ? kPod4 : kPod6);
    case 4: return rule + fmt::format("-j DNAT --to-destination {}:80-81", pod);
    case 5: return rule + fmt::format("-j DNAT --to-destination {}:9002", node);
    case 6:
      return rule +
             fmt::format("-j DNAT --to-destination {}:9001", place.ipv4 ? "127.0.0.1" : "[::1]");
    default: return rule + fmt::format("-j DNAT --to-destination {}:80", pod);
  }
}

}  // namespace hostnet::testing
