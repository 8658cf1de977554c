#include "netlink/nat/ipset/ip_set.h"

#include "netlink/nat/ipset/read_ip_sets.h"
#include "netlink/nat/xtables/ip_tables.h"
#include "tests/kernel/nat_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Sets that ipset makes, and iptables' rules that name them, in both of the
// kernel's packet filters.
class KernelIpSet : public KernelNat {
 protected:
  // What `rules` (iptables' arguments after -t nat -A) come to, by either.
  static constexpr const char* kBoth[] = {"iptables-legacy", "iptables-nft"};
  std::vector<std::string> texts_by(const std::string& iptables, const std::string& rules) {
    std::string script = "i() { " + iptables + " -t nat -A \"$@\"; }\n" + rules;
    EXPECT_TRUE(sh(script)) << script;
    if (iptables == "iptables-nft") return texts();
    IpSets sets(netlink());
    const auto bytes = live_ip_tables()->table(AddressFamily::ipv4, "nat");
    EXPECT_TRUE(bytes) << bytes.error().message;
    unknown_.clear();
    const auto table = decode_ip_table(AddressFamily::ipv4, *bytes, unknown_, sets.lookup());
    EXPECT_TRUE(table) << table.error().message;
    std::vector<std::string> out;
    for (const NatRule& rule : walk_nat({*table}, {}).rules) out.push_back(rule.text);
    EXPECT_TRUE(sh(iptables + " -t nat -F"));
    return out;
  }
};

TEST_F(KernelIpSet, PortsAndAddressesNarrowARule) {
  ASSERT_TRUE(sh(R"(
ipset create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
ipset add KUBE-NODE-PORT-TCP 30081; ipset add KUBE-NODE-PORT-TCP 30080; ipset add KUBE-NODE-PORT-TCP 31000-31002
ipset create KUBE-EXTERNAL-IP hash:ip,port
ipset add KUBE-EXTERNAL-IP 192.0.2.1,tcp:80; ipset add KUBE-EXTERNAL-IP 192.0.2.1,udp:53
ipset add KUBE-EXTERNAL-IP 192.0.2.2,sctp:81; ipset add KUBE-EXTERNAL-IP 192.0.2.2,icmp:ping
ipset create masked hash:ip netmask 24; ipset add masked 10.1.2.3
ipset create nets hash:net; ipset add nets 10.3.0.0/16
)"));
  for (const char* iptables : kBoth) {
    EXPECT_THAT(texts_by(iptables, R"(
i PREROUTING -p tcp -m set --match-set KUBE-NODE-PORT-TCP dst -j REDIRECT --to-ports 15001
i PREROUTING -m set --match-set KUBE-EXTERNAL-IP dst,dst -j DNAT --to-destination 10.0.0.5
i PREROUTING -p udp -m set ! --match-set KUBE-NODE-PORT-TCP dst -m udp --dport 30000:30100 -j REDIRECT
i PREROUTING -p tcp -m set --match-set masked dst -m tcp --dport 1 -j REDIRECT
i PREROUTING -p tcp -m set --match-set nets dst -m tcp --dport 2 -j REDIRECT
)"),
                ElementsAre("ip nat PREROUTING: tcp dport 30080-30081 redirect to :15001",
                            "ip nat PREROUTING: tcp dport 31000-31002 redirect to :15001",
                            "ip nat PREROUTING: ip daddr 192.0.2.1 tcp dport 80 dnat to 10.0.0.5",
                            "ip nat PREROUTING: ip daddr 192.0.2.1 udp dport 53 dnat to 10.0.0.5",
                            "ip nat PREROUTING: ip daddr 192.0.2.2 sctp dport 81 dnat to 10.0.0.5",
                            "ip nat PREROUTING: udp dport 30000-30079 redirect",
                            "ip nat PREROUTING: udp dport 30082-30100 redirect",
                            "ip nat PREROUTING: ip daddr 10.1.2.0/24 tcp dport 1 redirect",
                            "ip nat PREROUTING: ip daddr 10.3.0.0/16 tcp dport 2 redirect"))
        << iptables;
    EXPECT_TRUE(unknown_.empty()) << iptables;
  }
}

TEST_F(KernelIpSet, SetsHaveElementsUpToALimitTogether) {
  ASSERT_TRUE(sh(R"(
for set in a b c; do ipset create $set bitmap:port range 0-65535; ipset add $set 0-65535; done
)"));
  IpSets sets(netlink());
  for (std::uint16_t index = 0; index < 3; ++index) {
    const auto set = sets.find(index);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_EQ((*set)->too_large, index == 2);
  }
}

TEST_F(KernelIpSet, WhatIsNotModelledIsConditionalAndNeverLost) {
  ASSERT_TRUE(sh(R"(
ipset create ports bitmap:port range 0-100; ipset add ports 7
ipset create loop hash:ip,port,ip; ipset add loop 10.0.0.5,tcp:80,10.0.0.5
ipset create with hash:net; ipset add with 10.0.0.0/8; ipset add with 10.1.0.0/16 nomatch
ipset create counted bitmap:port range 0-100 counters; ipset add counted 9
ipset create empty hash:ip,port
ipset create ips hash:ip; ipset add ips 192.0.2.7
)"));
  for (const char* iptables : kBoth) {
    EXPECT_THAT(texts_by(iptables, R"(
i PREROUTING -p tcp -m set --match-set ports src -j REDIRECT --to-ports 1
i PREROUTING -p tcp -m set --match-set loop dst,dst,src -j REDIRECT --to-ports 2
i PREROUTING -m set --match-set with dst -p tcp -m tcp --dport 3 -j REDIRECT --to-ports 3
i PREROUTING -p tcp -m set --match-set counted dst --packets-gt 5 -j REDIRECT --to-ports 4
i PREROUTING -p tcp -m set --match-set empty dst,dst -j REDIRECT --to-ports 5
i PREROUTING -p tcp -m set ! --match-set ips dst -m tcp --dport 6 -j REDIRECT --to-ports 6
i PREROUTING -p tcp -m set --match-set ips dst,dst -m tcp --dport 8 -j REDIRECT --to-ports 8
)"),
                ElementsAre("ip nat PREROUTING: tcp (on a condition) redirect to :1",
                            "ip nat PREROUTING: ip daddr 10.0.0.5 tcp dport 80 (on a condition) "
                            "redirect to :2",
                            "ip nat PREROUTING: ip daddr 10.0.0.0/8 tcp dport 3 (on a condition) "
                            "redirect to :3",
                            "ip nat PREROUTING: tcp dport 9 (on a condition) redirect to :4",
                            "ip nat PREROUTING: tcp dport 6 (on a condition) redirect to :6",
                            "ip nat PREROUTING: ip daddr 192.0.2.7 tcp dport 8 redirect to :8"))
        << iptables;
    EXPECT_TRUE(unknown_.empty()) << iptables;
  }
}

TEST_F(KernelIpSet, AnAcceptOverASetKeepsItsPacketsFromTheRulesBehindIt) {
  ASSERT_TRUE(sh(R"(
ipset create KUBE-CLUSTER-IP hash:ip,port; ipset add KUBE-CLUSTER-IP 10.96.0.1,tcp:443
)"));
  for (const char* iptables : kBoth) {
    EXPECT_THAT(texts_by(iptables, R"(
i PREROUTING -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
i PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 1
i PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 444 -j REDIRECT --to-ports 2
)"),
                ElementsAre("ip nat PREROUTING: ip daddr 10.96.0.1 tcp dport 444 redirect to :2"))
        << iptables;
  }
}

TEST_F(KernelIpSet, ASetThatIsTooLargeIsConditionalAndNamed) {
  std::string script = "ipset create big hash:ip,port maxelem 100000\n(";
  script +=
      "for i in $(seq 0 399); do for j in $(seq 1 25); do "
      "echo add big 10.0.$((i / 200)).$((i % 200)),tcp:$((j * 2)); done; done) | ipset restore";
  ASSERT_TRUE(sh(script));
  for (const char* iptables : kBoth) {
    EXPECT_THAT(
        texts_by(iptables, "i PREROUTING -p tcp -m set --match-set big dst,dst -j REDIRECT"),
        ElementsAre("ip nat PREROUTING: tcp (on a condition) redirect"))
        << iptables;
    EXPECT_THAT(unknown_, ElementsAre(::testing::Pair("ipset big", 1U))) << iptables;
  }
}

TEST_F(KernelIpSet, IsReadOnceWithAllOfItsElements) {
  ASSERT_TRUE(sh(R"(
ipset create six hash:ip,port family inet6; ipset add six 2001:db8::1,tcp:80
ip6tables-nft -t nat -A PREROUTING -p tcp -m set --match-set six dst,dst -j REDIRECT --to-ports 9
ipset create all bitmap:port range 0-65535; ipset add all 0-65535
iptables-nft -t nat -A OUTPUT -p tcp -m set --match-set all dst -j REDIRECT --to-ports 10
)"));
  EXPECT_THAT(texts(), UnorderedElementsAre(
                           "ip6 nat PREROUTING: ip6 daddr 2001:db8::1 tcp dport 80 redirect to :9",
                           "ip nat OUTPUT: tcp redirect to :10"));
  EXPECT_TRUE(unknown_.empty());
}

TEST_F(KernelIpSet, ANumberOfNoSetIsAnError) {
  IpSets sets(netlink());
  const auto none = sets.find(12345);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().reason, Reason::vanished) << none.error().message;
}

}  // namespace
}  // namespace hostnet
