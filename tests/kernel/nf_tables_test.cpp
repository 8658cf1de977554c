#include <algorithm>

#include "tests/kernel/nat_namespace.h"

namespace hostnet {
namespace {

using namespace testing;
using ::testing::ElementsAre;

TEST_F(KernelNat, WithoutRulesThereIsNothing) {
  EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(KernelNat, PortmapsNftablesBackend) {
  ASSERT_TRUE(nft(R"(table ip cni_hostport {
  chain hostports {
    tcp dport 8080 dnat to 10.88.0.5:80 comment "sandbox1"
  }
  chain hostip_hostports {
    ip daddr 192.0.2.7 udp dport 53 dnat to 10.88.0.6:53 comment "sandbox2"
  }
  chain hostports_all {
    jump hostports
    jump hostip_hostports
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump hostports_all
  }
  chain output {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump hostports_all
  }
})"));
  const auto found = rules();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text,
            "ip cni_hostport hostports: fib daddr type local tcp dport 8080 dnat to 10.88.0.5:80");
  EXPECT_EQ(found[0].owner, RuleOwner::cni_portmap);
  EXPECT_EQ(found[0].sandbox_id, "sandbox1");
  EXPECT_TRUE(found[0].prerouting && found[0].output);
  EXPECT_FALSE(found[0].scope.is_conditional());
  EXPECT_FALSE(is_unguarded(found[0]));
  EXPECT_EQ(found[1].text,
            "ip cni_hostport hostip_hostports: ip daddr 192.0.2.7 udp dport 53 dnat to "
            "10.88.0.6:53");
  EXPECT_EQ(found[1].sandbox_id, "sandbox2");
}

TEST_F(KernelNat, PortmapBefore190TakesForwardedTraffic) {
  ASSERT_TRUE(nft(R"(table ip cni_hostport {
  chain hostports {
    tcp dport 8080 dnat to 10.88.0.5:80 comment "sandbox1"
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump hostports
  }
})"));
  const auto found = rules();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(is_unguarded(found[0]));
}

TEST_F(KernelNat, CriosMaps) {
  ASSERT_TRUE(nft(R"(table ip crio-hostports {
  map hostports {
    type inet_proto . inet_service : ipv4_addr . inet_service
    elements = { tcp . 8081 comment "pod1" : 10.1.1.1 . 80, udp . 53 : 10.1.1.2 . 5353 }
  }
  map hostipports {
    type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service
    elements = { 10.2.2.2 . tcp . 8082 comment "pod3" : 10.1.1.3 . 80 }
  }
  chain hostports {
    dnat ip addr . port to meta l4proto . th dport map @hostports
    dnat ip addr . port to ip daddr . meta l4proto . th dport map @hostipports
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 1; policy accept;
    fib daddr type local jump hostports
  }
})"));
  auto found = rules();
  std::ranges::sort(found, {}, &NatRule::text);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].text,
            "ip crio-hostports hostports: fib daddr type local tcp dport 8081 dnat to 10.1.1.1:80");
  EXPECT_EQ(found[0].owner, RuleOwner::cri_hostport);
  EXPECT_EQ(found[0].sandbox_id, "pod1");
  EXPECT_FALSE(found[0].output);
  EXPECT_EQ(found[1].text,
            "ip crio-hostports hostports: fib daddr type local udp dport 53 dnat to 10.1.1.2:5353");
  EXPECT_EQ(found[2].text,
            "ip crio-hostports hostports: ip daddr 10.2.2.2 tcp dport 8082 dnat to 10.1.1.3:80");
  EXPECT_EQ(found[2].sandbox_id, "pod3");
}

constexpr const char* kKubeProxy = R"(table ip kube-proxy {
  set nodeport-ips {
    type ipv4_addr
    elements = { 10.0.0.9 }
  }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.0.10 . tcp . 80 : goto service-XX-ns1/svc1/tcp/p80 }
  }
  map service-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30080 : goto external-XX-ns1/svc1/tcp/p80 }
  }
  map no-endpoint-nodeports {
    type inet_proto . inet_service : verdict
    elements = { tcp . 30099 : goto reject-chain }
  }
  chain reject-chain {
    reject
  }
  chain mark-for-masquerade {
    meta mark set mark or 0x4000
  }
  chain external-XX-ns1/svc1/tcp/p80 {
    jump mark-for-masquerade
    goto service-XX-ns1/svc1/tcp/p80
  }
  chain endpoint-A {
    ip saddr 10.180.0.1 jump mark-for-masquerade
    meta l4proto tcp dnat to 10.180.0.1:80
  }
  chain endpoint-B {
    meta l4proto tcp dnat to 10.180.0.2:80
  }
  chain service-XX-ns1/svc1/tcp/p80 {
    ip daddr 10.96.0.10 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
    numgen random mod 2 vmap { 0 : goto endpoint-A, 1 : goto endpoint-B }
  }
  chain services {
    ip daddr . meta l4proto . th dport vmap @service-ips
    ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
  }
  chain nat-prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain filter-input {
    type filter hook input priority -110; policy accept;
    ct state new meta l4proto . th dport vmap @no-endpoint-nodeports
  }
})";

TEST_F(KernelNat, KubeProxysNodePorts) {
  ASSERT_TRUE(nft(kKubeProxy));
  const auto found = rules({.local_addresses = {{parse_ip("10.0.0.9").value()}}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].scope.ports, (PortSpan{30080, 30080}));
  EXPECT_EQ(found[0].scope.destination->to_string(), "10.0.0.9");
  EXPECT_FALSE(found[0].scope.is_conditional());
  ASSERT_EQ(found[0].targets.size(), 2U);
  EXPECT_EQ(found[0].targets[0].port, 80);
  EXPECT_EQ(found[0].owner, RuleOwner::kube_proxy);
  EXPECT_EQ(found[0].service, "ns1/svc1:p80");
}

TEST_F(KernelNat, RulesForOtherAddressesAreToldOnlyWithoutAList) {
  ASSERT_TRUE(nft(kKubeProxy));
  EXPECT_EQ(rules().size(), 2U);  // the Service's own address, too
  EXPECT_TRUE(rules({.local_addresses = {{parse_ip("10.0.0.8").value()}}}).empty());
}

TEST_F(KernelNat, SetsRangesPrefixesAndNegations) {
  ASSERT_TRUE(nft(R"(table ip t {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    udp dport 5000-5010 dnat to 10.88.0.5
    tcp dport { 90, 91, 100-110 } redirect to :4000
    tcp dport != 22 ip saddr 10.0.0.0/8 dnat to 10.9.9.9
    iifname "eth0" tcp dport 77 counter dnat to 10.0.0.1:8000-8010
    ip daddr 10.0.0.0/9 tcp dport 78 dnat to 10.9.9.9
    ip daddr 10.0.0.0/8 tcp dport 79 dnat to 10.9.9.9
    tcp dport != { 1, 5-65535 } dnat to 10.9.9.9:7
    tcp dport > 65530 dnat to 10.9.9.8
  }
})"));
  EXPECT_THAT(texts(),
              ElementsAre("ip t pre: udp dport 5000-5010 dnat to 10.88.0.5",
                          "ip t pre: tcp dport 90-91 redirect to :4000",
                          "ip t pre: tcp dport 100-110 redirect to :4000",
                          "ip t pre: tcp dport 0-21 (on a condition) dnat to 10.9.9.9",
                          "ip t pre: tcp dport 23-89 (on a condition) dnat to 10.9.9.9",
                          "ip t pre: tcp dport 92-99 (on a condition) dnat to 10.9.9.9",
                          "ip t pre: tcp dport 111-65535 (on a condition) dnat to 10.9.9.9",
                          "ip t pre: iifname \"eth0\" tcp dport 77 dnat to 10.0.0.1:8000-8010",
                          "ip t pre: ip daddr 10.0.0.0/9 tcp dport 78 dnat to 10.9.9.9",
                          "ip t pre: ip daddr 10.0.0.0/8 tcp dport 79 dnat to 10.9.9.9",
                          "ip t pre: tcp dport 0 dnat to 10.9.9.9:7",
                          "ip t pre: tcp dport 2-4 dnat to 10.9.9.9:7",
                          "ip t pre: tcp dport 65531-65535 dnat to 10.9.9.8"));
  EXPECT_TRUE(unknown_.empty());
}

TEST_F(KernelNat, InterfacesAndTheStateOfNewConnections) {
  ASSERT_TRUE(nft(R"(table ip t {
  chain pre {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "eth*" tcp dport 1 redirect
    iifname != "eth0" tcp dport 2 redirect
    iifname { "a", "b" } tcp dport 3 redirect
    iif lo tcp dport 4 redirect
    ct state new tcp dport 5 redirect
    ct state established,related tcp dport 6 redirect
    ct state vmap { new : jump sub, established : accept }
    ct mark 1 tcp dport 8 redirect
  }
  chain sub { tcp dport 7 redirect; }
})"));
  EXPECT_THAT(texts(),
              ElementsAre("ip t pre: iifname \"eth*\" tcp dport 1 redirect",
                          "ip t pre: iifname != \"eth0\" tcp dport 2 redirect",
                          "ip t pre: iifname \"a\" tcp dport 3 redirect",
                          "ip t pre: iifname \"b\" tcp dport 3 redirect",
                          "ip t pre: iifname \"lo\" tcp dport 4 redirect",
                          "ip t pre: tcp dport 5 redirect", "ip t sub: tcp dport 7 redirect"));
  EXPECT_TRUE(unknown_.empty());
}

TEST_F(KernelNat, TablesOfBothFamiliesWithIntervalMapsAndConcatenations) {
  ASSERT_TRUE(nft(R"(table inet mixed {
  map portmap {
    type inet_service : inet_service; flags interval;
    elements = { 10-20: 30, 40 : 50 }
  }
  map portaddr {
    type inet_service : ipv4_addr; flags interval;
    elements = { 1000-2000: 10.7.7.7, 3000 : 10.7.7.8 }
  }
  set nets {
    type ipv4_addr . inet_service; flags interval;
    elements = { 10.0.0.0/24 . 100-200, 10.3.0.0/16 . 5 }
  }
  chain pre {
    type nat hook prerouting priority dstnat + 5;
    meta l4proto tcp redirect to :tcp dport map @portmap
    meta nfproto ipv4 dnat ip to tcp dport map @portaddr
    ip daddr . tcp dport @nets redirect to :7
    ip6 daddr fd00::1 tcp dport 80 dnat ip6 to [fd00::2]:81
    tcp dport vmap { 5555 : accept, 6666 : drop, 300-400 : jump sub }
    tcp dport { 5555, 6666, 7777 } redirect to :9
    udp dport 1 dnat ip to numgen inc mod 2 map { 0 : 10.1.1.1, 1 : 10.1.1.2 }
  }
  chain sub {
    redirect
  }
})"));
  auto found = texts();
  std::ranges::sort(found);
  EXPECT_THAT(found,
              ElementsAre("ip mixed pre: ip daddr 10.0.0.0/24 tcp dport 100-200 redirect to :7",
                          "ip mixed pre: ip daddr 10.3.0.0/16 tcp dport 5 redirect to :7",
                          "ip mixed pre: tcp dport 10-20 redirect to :30",
                          "ip mixed pre: tcp dport 1000-2000 dnat to 10.7.7.7",
                          "ip mixed pre: tcp dport 3000 dnat to 10.7.7.8",
                          "ip mixed pre: tcp dport 40 redirect to :50",
                          "ip mixed pre: tcp dport 7777 redirect to :9",
                          "ip mixed pre: udp dport 1 dnat to 10.1.1.1, 10.1.1.2",
                          "ip mixed sub: tcp dport 300-400 redirect",
                          "ip6 mixed pre: ip6 daddr fd00::1 tcp dport 80 dnat to [fd00::2]:81",
                          "ip6 mixed pre: tcp dport 10-20 redirect to :30",
                          "ip6 mixed pre: tcp dport 40 redirect to :50",
                          "ip6 mixed pre: tcp dport 7777 redirect to :9",
                          "ip6 mixed sub: tcp dport 300-400 redirect"));
}

TEST_F(KernelNat, TheFirstRuleThatTakesAPacketHasIt) {
  ASSERT_TRUE(nft(R"(table ip late {
  chain pre {
    type nat hook prerouting priority dstnat + 10;
    tcp dport 80 dnat to 10.0.0.4
    tcp dport 81 dnat to 10.0.0.5
    tcp dport 82 dnat to 10.0.0.6
  }
}
table ip early {
  chain sub {
    tcp dport 82 return
    tcp dport 82 dnat to 10.0.0.9
    ip daddr 127.0.0.1 tcp dport 83 dnat to 10.0.0.2
  }
  chain pre {
    type nat hook prerouting priority dstnat - 10;
    tcp dport 80 dnat to 10.0.0.1
    tcp dport 81 accept
    tcp dport 81 dnat to 10.0.0.3
    jump sub
    tcp dport 83 dnat to 10.0.0.7
  }
})"));
  EXPECT_THAT(texts(), ElementsAre("ip early pre: tcp dport 80 dnat to 10.0.0.1",
                                   "ip early sub: ip daddr 127.0.0.1 tcp dport 83 dnat to 10.0.0.2",
                                   "ip early pre: ip daddr 0.0.0.0-127.0.0.0 tcp dport 83 dnat to "
                                   "10.0.0.7",
                                   "ip early pre: ip daddr 127.0.0.2-255.255.255.255 tcp dport 83 "
                                   "dnat to 10.0.0.7",
                                   "ip late pre: tcp dport 81 dnat to 10.0.0.5",
                                   "ip late pre: tcp dport 82 dnat to 10.0.0.6"));
}

TEST_F(KernelNat, TablesThatSleepDoNothing) {
  ASSERT_TRUE(nft(R"(table ip t {
  flags dormant
  chain pre {
    type nat hook prerouting priority dstnat;
    tcp dport 80 dnat to 10.0.0.1
  }
})"));
  EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(KernelNat, PortmapOverIptablesNft) {
  ASSERT_TRUE(sh(R"(
alias i='iptables-nft -t nat'
i -N CNI-HOSTPORT-DNAT; i -N CNI-DN-0507678813aaa155040b9; i -N CNI-HOSTPORT-SETMARK
i -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
i -A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
i -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment 'dnat name: "net" id: "abc"' -m multiport \
  --dports 8000,44300 -j CNI-DN-0507678813aaa155040b9
i -A CNI-DN-0507678813aaa155040b9 -s 127.0.0.1/32 -p tcp -m tcp --dport 8000 -j CNI-HOSTPORT-SETMARK
i -A CNI-HOSTPORT-SETMARK -m comment --comment mark -j MARK --set-xmark 0x2000/0x2000
i -A CNI-DN-0507678813aaa155040b9 -p tcp -m tcp --dport 8000 -j DNAT --to-destination 10.55.3.5:80
i -A CNI-DN-0507678813aaa155040b9 -d 127.0.0.2/32 -p tcp -m tcp --dport 44300 -j DNAT \
  --to-destination 10.55.3.5:443
)"));
  const auto found = rules();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text,
            "ip nat CNI-DN-0507678813aaa155040b9: fib daddr type local tcp dport 8000 dnat to "
            "10.55.3.5:80");
  EXPECT_EQ(found[0].owner, RuleOwner::cni_portmap);
  EXPECT_EQ(found[0].sandbox_id, "abc");
  EXPECT_FALSE(is_unguarded(found[0]));
  EXPECT_EQ(found[1].text,
            "ip nat CNI-DN-0507678813aaa155040b9: ip daddr 127.0.0.2 tcp dport 44300 dnat to "
            "10.55.3.5:443");
}

TEST_F(KernelNat, DockerKubeProxyAndOthersOverIptablesNft) {
  ASSERT_TRUE(sh(R"(
alias i='iptables-nft -t nat'
i -N DOCKER; i -N KUBE-SERVICES; i -N KUBE-NODEPORTS; i -N KUBE-SVC-X; i -N KUBE-SEP-1; i -N KUBE-SEP-2
i -A PREROUTING -p udp -m udp --dport 100:200 -j REDIRECT --to-ports 5
i -A PREROUTING -p udp -m udp ! --dport 100:200 -j REDIRECT
i -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
i -A DOCKER -i docker0 -j RETURN
i -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
i -A PREROUTING -p tcp -m multiport --dports 1,5:9 -j DNAT --to-destination 10.1.1.1-10.1.1.9
i -A PREROUTING -m comment --comment 'kubernetes service portals' -j KUBE-SERVICES
i -A KUBE-SERVICES -m comment --comment 'kubernetes service nodeports; NOTE: last' -m addrtype \
  --dst-type LOCAL -j KUBE-NODEPORTS
i -A KUBE-NODEPORTS -p tcp -m comment --comment ns1/svc1:p80 -m tcp --dport 30080 -j KUBE-SVC-X
i -A KUBE-SVC-X -m comment --comment ns1/svc1:p80 -m statistic --mode random --probability 0.5 -j KUBE-SEP-1
i -A KUBE-SVC-X -m comment --comment ns1/svc1:p80 -j KUBE-SEP-2
i -A KUBE-SEP-1 -p tcp -m tcp -j DNAT --to-destination 10.180.0.1:80
i -A KUBE-SEP-2 -p tcp -m tcp -j DNAT --to-destination 10.180.0.2:80
ip6tables-nft -t nat -A PREROUTING -d fd00::1/128 -p tcp -m tcp --dport 8080 -j DNAT \
  --to-destination [fd00::2]:80
ip6tables-nft -t nat -A PREROUTING -d fd00:1::/64 -p tcp -m tcp --dport 8081 -j REDIRECT --to-ports 9
)"));
  const auto found = rules();
  std::vector<std::string> told;
  for (const NatRule& rule : found) {
    told.push_back(rule.text + " [" + std::string(to_string(rule.owner)) + rule.service + "]");
  }
  EXPECT_THAT(
      told,
      ElementsAre("ip nat PREROUTING: udp dport 100-200 redirect to :5 [other]",
                  "ip nat PREROUTING: udp dport 0-99 redirect [other]",
                  "ip nat PREROUTING: udp dport 201-65535 redirect [other]",
                  "ip nat DOCKER: iifname != \"docker0\" fib daddr type local tcp dport 8080 dnat "
                  "to 172.17.0.2:80 [docker]",
                  "ip nat PREROUTING: tcp dport 1 dnat to 10.1.1.1-10.1.1.9 [other]",
                  "ip nat PREROUTING: tcp dport 5-9 dnat to 10.1.1.1-10.1.1.9 [other]",
                  "ip nat KUBE-SVC-X: fib daddr type local tcp dport 30080 dnat to 10.180.0.1:80, "
                  "10.180.0.2:80 [kube_proxyns1/svc1:p80]",
                  "ip6 nat PREROUTING: ip6 daddr fd00::1 tcp dport 8080 dnat to [fd00::2]:80 "
                  "[other]",
                  "ip6 nat PREROUTING: ip6 daddr fd00:1::/64 tcp dport 8081 redirect to :9 "
                  "[other]"));
  EXPECT_TRUE(unknown_.empty());
}

}  // namespace
}  // namespace hostnet
