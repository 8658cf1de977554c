#include "netlink/nat/xtables/ip_tables.h"

#include <fstream>
#include <sstream>

#include "tests/kernel/nat_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::ElementsAre;

// iptables-legacy in a namespace of its own, and the real CNI portmap.
class KernelIpTables : public KernelNat {
 protected:
  static std::string names(const char* file) {
    std::ostringstream out;
    out << std::ifstream(std::string("/proc/thread-self/net/") + file).rdbuf();
    return out.str();
  }
  static std::vector<NatRule> legacy_rules(AddressFamily family) {
    const auto bytes = live_ip_tables()->table(family, "nat");
    EXPECT_TRUE(bytes) << bytes.error().message;
    UnknownParts unknown;
    const auto table = decode_ip_table(family, bytes.value(), unknown);
    EXPECT_TRUE(table) << table.error().message;
    EXPECT_TRUE(unknown.empty());
    return walk_nat({*table}, {}).rules;
  }
  static std::vector<std::string> legacy_texts(AddressFamily family) {
    std::vector<std::string> out;
    for (const NatRule& rule : legacy_rules(family)) out.push_back(rule.text);
    return out;
  }
  // Runs the plugin as the kubelet's runtime does, with `iptables` in front of PATH.
  static bool portmap(const std::string& iptables) {
    return sh("d=$(mktemp -d); ln -s /usr/sbin/" + iptables + " $d/iptables; ln -s /usr/sbin/ip6" +
              iptables.substr(2) + " $d/ip6tables; export PATH=$d:$PATH\n" + kPortmap +
              "\nrm -r $d\n");
  }
  static constexpr const char* kPortmap = R"(
ip link add br0 type bridge; ip addr add 10.55.3.1/24 dev br0; ip link set br0 up
export CNI_COMMAND=ADD CNI_CONTAINERID=0123456789abcdef CNI_NETNS=/proc/self/ns/net
export CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni
/usr/lib/cni/portmap >/dev/null <<'END'
{"cniVersion":"0.4.0","name":"k8s-pod-network","type":"portmap","capabilities":{"portMappings":true},
"runtimeConfig":{"portMappings":[{"hostPort":8000,"containerPort":80,"protocol":"tcp"},
{"hostPort":5353,"containerPort":53,"protocol":"udp","hostIP":"127.0.0.2"}]},
"prevResult":{"cniVersion":"0.4.0","interfaces":[{"name":"eth0","sandbox":"/proc/self/ns/net"}],
"ips":[{"version":"4","address":"10.55.3.5/24","interface":0}]}}
END
)";
  static void expect_portmaps_ports(const std::vector<NatRule>& found) {
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(to_string(found[0].scope), "fib daddr type local tcp dport 8000");
    EXPECT_EQ(found[0].targets.at(0).to_string(), "10.55.3.5:80");
    EXPECT_EQ(to_string(found[1].scope), "ip daddr 127.0.0.2 udp dport 5353");
    EXPECT_EQ(found[1].targets.at(0).to_string(), "10.55.3.5:53");
    for (const NatRule& rule : found) {
      EXPECT_EQ(rule.owner, RuleOwner::cni_portmap);
      EXPECT_EQ(rule.sandbox_id, "0123456789abcdef");
      EXPECT_TRUE(rule.prerouting && rule.output);
      EXPECT_FALSE(is_unguarded(rule));
      EXPECT_FALSE(rule.scope.is_conditional());
    }
  }
};

TEST_F(KernelIpTables, ATableThatIsNotThereIsNotMade) {
  EXPECT_FALSE(lists_table(names("ip_tables_names"), "nat"));
  EXPECT_TRUE(rules().empty());
  EXPECT_FALSE(lists_table(names("ip_tables_names"), "nat"));
}

TEST_F(KernelIpTables, ChainsMatchesAndTargetsOfLegacyIptables) {
  ASSERT_TRUE(sh(R"(
alias i='iptables-legacy -t nat'
i -N DOCKER; i -N SUB
i -A PREROUTING -p udp -m udp --dport 100:200 -j REDIRECT --to-ports 5
i -A PREROUTING -p udp -m udp ! --dport 60:65535 -j REDIRECT
i -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
i -A DOCKER -i docker0 -j RETURN
i -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
i -A PREROUTING -p tcp -m multiport --dports 1,5:9 -j DNAT --to-destination 10.1.1.1-10.1.1.9
i -A PREROUTING -p tcp -m tcp --dport 4
i -A PREROUTING -g SUB
i -A PREROUTING -p tcp -m tcp --dport 3 -j DNAT --to-destination 10.3.3.3
i -A SUB ! -d 10.0.0.0/8 -p tcp -m tcp --dport 2 -j DNAT --to-destination 10.2.2.2:22
i -A OUTPUT -d 127.0.0.1/32 -p tcp -m tcp --dport 6 -j DNAT --to-destination :7
alias j='ip6tables-legacy -t nat'
j -A PREROUTING -d fd00::1/128 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00::2]:80
j -A OUTPUT -p udp -m udp --dport 9 -j REDIRECT --to-ports 10
)"));
  EXPECT_TRUE(lists_table(names("ip_tables_names"), "nat"));
  EXPECT_THAT(
      legacy_texts(AddressFamily::ipv4),
      ElementsAre("ip nat PREROUTING: udp dport 100-200 redirect to :5",
                  "ip nat PREROUTING: udp dport 0-59 redirect",
                  "ip nat DOCKER: iifname != \"docker0\" fib daddr type local tcp dport 8080 dnat "
                  "to 172.17.0.2:80",
                  "ip nat PREROUTING: tcp dport 1 dnat to 10.1.1.1-10.1.1.9",
                  "ip nat PREROUTING: tcp dport 5-9 dnat to 10.1.1.1-10.1.1.9",
                  "ip nat SUB: ip daddr 0.0.0.0-9.255.255.255 tcp dport 2 dnat to 10.2.2.2:22",
                  "ip nat SUB: ip daddr 11.0.0.0-255.255.255.255 tcp dport 2 dnat to 10.2.2.2:22",
                  "ip nat OUTPUT: ip daddr 127.0.0.1 tcp dport 6 dnat to :7"));
  EXPECT_THAT(legacy_texts(AddressFamily::ipv6),
              ElementsAre("ip6 nat PREROUTING: ip6 daddr fd00::1 tcp dport 8080 dnat to "
                          "[fd00::2]:80",
                          "ip6 nat OUTPUT: udp dport 9 redirect to :10"));
}

TEST_F(KernelIpTables, WhatEveryNewConnectionHasIsNoCondition) {
  for (const std::string tool : {"iptables-legacy", "iptables-nft"}) {
    ASSERT_TRUE(sh("alias i='" + tool + R"( -t nat -A PREROUTING'
i -i eth+ -p tcp -m tcp --dport 1 -j REDIRECT
i ! -i eth0 -p tcp -m tcp --dport 2 -j REDIRECT
i -p tcp -m tcp --dport 3 --syn -j REDIRECT
i -p tcp -m tcp --dport 4 -m conntrack --ctstate NEW,RELATED -j REDIRECT
i -p tcp -m tcp --dport 5 -m state --state NEW -j REDIRECT
i -p tcp -m tcp --dport 7 -m conntrack ! --ctstate NEW -j REDIRECT
i -p tcp -m tcp --dport 8 -m conntrack --ctstate NEW --ctdir ORIGINAL -j REDIRECT
i -p tcp -m tcp --dport 9 -m statistic --mode nth --every 2 --packet 0 -j REDIRECT
)"));
    const auto told = tool == "iptables-nft" ? texts() : legacy_texts(AddressFamily::ipv4);
    EXPECT_THAT(told, ElementsAre("ip nat PREROUTING: iifname \"eth*\" tcp dport 1 redirect",
                                  "ip nat PREROUTING: iifname != \"eth0\" tcp dport 2 redirect",
                                  "ip nat PREROUTING: tcp dport 3 redirect",
                                  "ip nat PREROUTING: tcp dport 4 redirect",
                                  "ip nat PREROUTING: tcp dport 5 redirect",
                                  "ip nat PREROUTING: tcp dport 8 (on a condition) redirect",
                                  "ip nat PREROUTING: tcp dport 9 (on a condition) redirect"))
        << tool;
  }
}

TEST_F(KernelIpTables, TheRealPortmapOverLegacyIptables) {
  if (access("/usr/lib/cni/portmap", X_OK) != 0) GTEST_SKIP() << "no CNI plugins here";
  ASSERT_TRUE(portmap("iptables-legacy"));
  expect_portmaps_ports(legacy_rules(AddressFamily::ipv4));
}

TEST_F(KernelIpTables, TheRealPortmapOverIptablesNft) {
  if (access("/usr/lib/cni/portmap", X_OK) != 0) GTEST_SKIP() << "no CNI plugins here";
  ASSERT_TRUE(portmap("iptables-nft"));
  expect_portmaps_ports(rules());
}

TEST_F(KernelIpTables, LengthsThatDoNotFitAreMalformedWhereverTheyAre) {
  ASSERT_TRUE(sh("iptables-legacy -t nat -A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT"));
  const IpTableBytes whole = live_ip_tables()->table(AddressFamily::ipv4, "nat").value();
  UnknownParts unknown;
  for (std::size_t at = 0; at < whole.entries.size(); ++at) {
    IpTableBytes wrong = whole;
    wrong.entries[at] = std::byte{0xFF};
    static_cast<void>(decode_ip_table(AddressFamily::ipv4, wrong, unknown));
    wrong.entries.resize(at);
    static_cast<void>(decode_ip_table(AddressFamily::ipv6, wrong, unknown));
    const auto cut = decode_ip_table(AddressFamily::ipv4, wrong, unknown);
    if (!cut) {
      EXPECT_EQ(cut.error().reason, Reason::malformed);
    }
  }
}

}  // namespace
}  // namespace hostnet
