#include "netlink/nat/walk_nat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "netlink/nat/merge_walks.h"
#include "netlink/nat/packets/netfilter.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using Kind = PacketAction::Kind;

PacketScope tcp(std::uint16_t port) {
  return {.ip_protocol = IPPROTO_TCP, .ports = {port, port}};
}
PacketRule when(const PacketScope& scope, PacketAction action) {
  return {.alternatives = {{scope, std::move(action), ""}}, .comment = {}};
}
PacketRule to(const PacketScope& scope, const char* address) {
  return when(scope,
              {.kind = Kind::dnat, .target = NatTarget{.address = parse_ip(address).value()}});
}
PacketRule jump(const PacketScope& scope, const char* chain, Kind kind = Kind::jump) {
  return when(scope, {.kind = kind, .chain = chain});
}
PacketChain base(std::vector<PacketRule> rules) {
  return {
      .name = "base", .hook = PacketHook::prerouting, .priority = -100, .rules = std::move(rules)};
}
PacketChain chain(const char* name, std::vector<PacketRule> rules) {
  return {.name = name, .hook = {}, .rules = std::move(rules)};
}
NatWalk walked(std::vector<PacketChain> chains, const NatWalkOptions& options = {}) {
  return walk_nat({{.family = AddressFamily::ipv4, .name = "t", .chains = std::move(chains)}},
                  options);
}
std::vector<std::string> texts(const NatWalk& walk) {
  std::vector<std::string> out;
  for (const NatRule& rule : walk.rules) out.push_back(rule.text);
  return out;
}

TEST(WalkNat, ChainsThatJumpInACircleEnd) {
  const NatWalk walk =
      walked({base({jump({}, "a")}), chain("a", {jump({}, "base"), to(tcp(1), "10.0.0.1")})});
  EXPECT_FALSE(walk.complete);
  EXPECT_FALSE(walk.rules.empty());
}

TEST(WalkNat, StepsAndRulesAreBounded) {
  std::vector<PacketRule> rules;
  for (std::uint16_t port = 1; port <= 100; ++port) rules.push_back(to(tcp(port), "10.0.0.1"));
  EXPECT_EQ(walked({base(rules)}).rules.size(), 100U);
  EXPECT_EQ(walked({base(rules)}, {.most_rules = 7}).rules.size(), 7U);
  EXPECT_FALSE(walked({base(rules)}, {.most_steps = 7}).complete);
  // One counts on each port that lists it.
  PacketScope ten = tcp(1);
  ten.ports.last = 10;
  const std::vector<PacketRule> of_ten{to(ten, "10.0.0.1"), to(tcp(11), "10.0.0.1")};
  EXPECT_EQ(walked({base(of_ten)}, {.most_rules = 11}).rules.size(), 2U);
  EXPECT_EQ(walked({base(of_ten)}, {.most_rules = 10}).rules.size(), 1U);
}

TEST(WalkNat, AChainThatIsNotThereIsPassed) {
  EXPECT_THAT(texts(walked({base({jump({}, "gone"), to(tcp(1), "10.0.0.1")})})),
              ElementsAre("ip t base: tcp dport 1 dnat to 10.0.0.1"));
}

TEST(WalkNat, GotoDoesNotComeBackToItsOwnChain) {
  EXPECT_THAT(texts(walked({base({jump({}, "a"), to(tcp(3), "10.0.0.3")}),
                            chain("a", {jump({}, "b", Kind::go_to), to(tcp(2), "10.0.0.2")}),
                            chain("b", {to(tcp(1), "10.0.0.1")})})),
              ElementsAre("ip t b: tcp dport 1 dnat to 10.0.0.1",
                          "ip t base: tcp dport 3 dnat to 10.0.0.3"));
}

TEST(WalkNat, ReturnLeavesOnlyThePacketsThatItNames) {
  EXPECT_THAT(texts(walked({base({jump({}, "a"), to(tcp(1), "10.0.0.3")}),
                            chain("a", {when(tcp(1), {.kind = Kind::leave}), to(tcp(1), "10.0.0.1"),
                                        to(tcp(2), "10.0.0.2")})})),
              ElementsAre("ip t a: tcp dport 2 dnat to 10.0.0.2",
                          "ip t base: tcp dport 1 dnat to 10.0.0.3"));
}

TEST(WalkNat, AConditionalRuleLeavesThePacketsToTheNext) {
  PacketScope sometimes = tcp(1);
  sometimes.doubt(Certainty::conditional);
  EXPECT_THAT(
      texts(walked({base({when(sometimes, {.kind = Kind::accept}), to(tcp(1), "10.0.0.1")})})),
      ElementsAre("ip t base: tcp dport 1 dnat to 10.0.0.1"));
}

TEST(WalkNat, BackendsOfOneRuleAreTogetherAndWithoutACondition) {
  PacketScope sometimes;
  sometimes.doubt(Certainty::conditional);
  const NatWalk walk = walked(
      {base({jump(tcp(30080), "svc")}), chain("svc", {jump(sometimes, "one"), jump({}, "two")}),
       chain("one", {to({}, "10.0.0.1")}), chain("two", {to({}, "10.0.0.2")})});
  EXPECT_THAT(texts(walk), ElementsAre("ip t svc: tcp dport 30080 dnat to 10.0.0.1, 10.0.0.2"));
}

TEST(WalkNat, WhatNobodyKnowsOnTheWayIsToldOfTheRule) {
  PacketScope strange;
  strange.doubt(Certainty::unknown);
  const NatWalk walk = walked(
      {base({jump(strange, "a"), to(tcp(2), "10.0.0.2")}), chain("a", {to(tcp(1), "10.0.0.1")})});
  ASSERT_EQ(walk.rules.size(), 2U);
  EXPECT_EQ(walk.rules[0].scope.certainty, Certainty::unknown);
  EXPECT_EQ(walk.rules[1].scope.certainty, Certainty::certain);
}

TEST(WalkNat, ARuleOfBothHooksIsOne) {
  PacketChain output = base({jump({}, "a")});
  output.name = "out";
  output.hook = PacketHook::output;
  const NatWalk walk =
      walked({base({jump({}, "a")}), output, chain("a", {to(tcp(1), "10.0.0.1")})});
  ASSERT_EQ(walk.rules.size(), 1U);
  EXPECT_TRUE(walk.rules[0].prerouting && walk.rules[0].output);
}

TEST(WalkNat, NothingOfThisMachineArrivesOnAnInterface) {
  PacketScope on_eth0 = tcp(1), elsewhere = tcp(2);
  on_eth0.arrives_on = {InterfaceMatch{"eth0"}};
  elsewhere.arrives_on = {InterfaceMatch{"eth0", false, true}};
  PacketChain own = base({to(on_eth0, "10.0.0.1"), to(elsewhere, "10.0.0.2")});
  EXPECT_EQ(walked({own}).rules.size(), 2U);
  own.hook = PacketHook::output;
  EXPECT_THAT(texts(walked({own})),
              ElementsAre("ip t base: iifname != \"eth0\" tcp dport 2 dnat to 10.0.0.2"));
}

TEST(WalkNat, ARuleOfOneInterfaceLeavesTheOthersToTheNext) {
  PacketScope on_eth0 = tcp(1);
  on_eth0.arrives_on = {InterfaceMatch{"eth0"}};
  EXPECT_THAT(texts(walked({base({to(on_eth0, "10.0.0.1"), to(on_eth0, "10.0.0.2"),
                                  to(tcp(1), "10.0.0.3"), to(on_eth0, "10.0.0.4")})})),
              ElementsAre("ip t base: iifname \"eth0\" tcp dport 1 dnat to 10.0.0.1",
                          "ip t base: iifname != \"eth0\" tcp dport 1 dnat to 10.0.0.3"));
}

TEST(WalkNat, BehindARuleForAllInterfacesButOneIsThatOne) {
  PacketScope not_docker = tcp(1);
  not_docker.arrives_on = {InterfaceMatch{"docker0", false, true}};
  PacketChain own = base({to(not_docker, "10.0.0.1"), jump({}, "sub")});
  const PacketChain sub = chain("sub", {to(tcp(1), "10.0.0.2"), to(tcp(1), "10.0.0.3")});
  const NatWalk walk = walked({own, sub});
  EXPECT_THAT(texts(walk),
              ElementsAre("ip t base: iifname != \"docker0\" tcp dport 1 dnat to 10.0.0.1",
                          "ip t sub: iifname \"docker0\" tcp dport 1 dnat to 10.0.0.2"));
  EXPECT_FALSE(walk.rules.at(0).shadowed);
  EXPECT_TRUE(walk.rules.at(1).shadowed);
  own.hook = PacketHook::output;  // nothing arrives: the first has it all
  EXPECT_EQ(walked({own, sub}).rules.size(), 1U);
}

TEST(PacketScopes, InterfacesAreNarrowedByNameAndBeginning) {
  const auto both = [](const InterfaceMatch& one, const InterfaceMatch& other) -> std::string {
    const auto forth = intersection({.arrives_on = {one}}, {.arrives_on = {other}});
    EXPECT_EQ(forth, intersection({.arrives_on = {other}}, {.arrives_on = {one}}));
    return forth ? to_string(*forth) : "none";
  };
  const InterfaceMatch eth0{"eth0"}, eth{"eth", true}, not_eth0{"eth0", false, true},
      not_veth{"veth", true, true};
  EXPECT_EQ(both(eth0, eth0), "iifname \"eth0\"");
  EXPECT_EQ(both(eth0, eth), "iifname \"eth0\"");
  EXPECT_EQ(both(eth0, not_veth), "iifname \"eth0\"");
  EXPECT_EQ(both(eth0, not_eth0), "none");
  EXPECT_EQ(both(eth0, InterfaceMatch{"eth1"}), "none");
  EXPECT_EQ(both(not_eth0, not_veth), "iifname != \"eth0\" iifname != \"veth*\"");
  EXPECT_TRUE(covers({.arrives_on = {not_veth}}, {.arrives_on = {eth0}}));
  EXPECT_FALSE(covers({.arrives_on = {eth0}}, {.arrives_on = {eth}}));
  EXPECT_FALSE(covers({.arrives_on = {eth0}}, {}));
  EXPECT_TRUE(covers({}, {.arrives_on = {eth0}}));
}

TEST(PacketScopes, ADifferenceIsWhatIsLeftInPartsThatHaveNothingInCommon) {
  const auto left = [](const PacketScope& scope, const PacketScope& taken) {
    std::vector<std::string> out;
    for (const PacketScope& part : difference(scope, taken)) out.push_back(to_string(part));
    return out;
  };
  const PacketScope wide{.ip_protocol = IPPROTO_TCP, .ports = {80, 90}};
  EXPECT_THAT(left(wide, tcp(85)), ElementsAre("tcp dport 80-84", "tcp dport 86-90"));
  EXPECT_THAT(left(wide, tcp(79)), ElementsAre("tcp dport 80-90"));
  EXPECT_THAT(left(tcp(80), wide), ElementsAre());
  EXPECT_THAT(left({.ports = {80, 80}}, tcp(80)), ElementsAre("udp dport 80", "sctp dport 80"));
  PacketScope one = tcp(80);
  one.destination = span_of_prefix(parse_ip("10.0.0.1").value(), 32);
  one.arrives_on = {{"eth0"}};
  PacketScope ipv4 = tcp(80);
  ipv4.family = AddressFamily::ipv4;
  EXPECT_THAT(left(ipv4, one), ElementsAre("ip daddr 0.0.0.0-10.0.0.0 tcp dport 80",
                                           "ip daddr 10.0.0.2-255.255.255.255 tcp dport 80",
                                           "iifname != \"eth0\" ip daddr 10.0.0.1 tcp dport 80"));
}

PacketChain before(const char* name, std::int32_t priority, std::vector<PacketRule> rules) {
  PacketChain chain = base(std::move(rules));
  chain.name = name;
  chain.priority = priority;
  chain.type = ChainType::filter;
  return chain;
}

TEST(WalkNat, ARuleIsToldWithWhatEarlierOnesLeave) {
  const PacketScope wide{.ip_protocol = IPPROTO_TCP, .ports = {1, 100}};
  EXPECT_THAT(texts(walked({base({when(tcp(80), {.kind = Kind::accept}), to(wide, "10.0.0.1")})})),
              ElementsAre("ip t base: tcp dport 1-79 dnat to 10.0.0.1",
                          "ip t base: tcp dport 81-100 dnat to 10.0.0.1"));
}

TEST(WalkNat, WhatLeftAChainIsNotTakenByTheRestOfIt) {
  const PacketScope all{.ip_protocol = IPPROTO_TCP};
  EXPECT_THAT(
      texts(walked({base({jump({}, "a"), to(tcp(80), "10.0.0.2")}),
                    chain("a", {when(tcp(80), {.kind = Kind::leave}), to(all, "10.0.0.1")})})),
      ElementsAre("ip t a: tcp dport 0-79 dnat to 10.0.0.1",
                  "ip t a: tcp dport 81-65535 dnat to 10.0.0.1",
                  "ip t base: tcp dport 80 dnat to 10.0.0.2"));
}

TEST(WalkNat, MarksAreFollowedFromWhereTheyAreSet) {
  const auto marked = [](std::uint32_t mark, bool other = false) {
    PacketScope scope = {.ip_protocol = IPPROTO_TCP};
    scope.marks = {{.mask = 0xFF, .value = mark, .other = other}};
    return scope;
  };
  const PacketRule mark = when(tcp(80), {.kind = Kind::set_mark, .mark = {.value = 1}});
  EXPECT_THAT(texts(walked({before("pre", -150, {mark}), base({to(marked(1), "10.0.0.1")})})),
              ElementsAre("ip t base: tcp dport 80 dnat to 10.0.0.1"));
  EXPECT_THAT(texts(walked({base({to(marked(1), "10.0.0.1")})})), ElementsAre());
  EXPECT_THAT(texts(walked({before("pre", -150, {mark}), base({to(marked(1, true), "10.0.0.1")})})),
              ElementsAre("ip t base: tcp dport 0-79 dnat to 10.0.0.1",
                          "ip t base: tcp dport 81-65535 dnat to 10.0.0.1"));
}

TEST(WalkNat, WhatIsNotTrackedIsNotTranslated) {
  const PacketRule untracked = when(tcp(80), {.kind = Kind::notrack});
  const PacketChain nat = base({to(tcp(80), "10.0.0.1"), to(tcp(81), "10.0.0.1")});
  EXPECT_THAT(texts(walked({nat, before("raw", -300, {untracked})})),
              ElementsAre("ip t base: tcp dport 81 dnat to 10.0.0.1"));
  EXPECT_EQ(walked({nat, before("late", -150, {untracked})}).rules.size(), 2U);  // tracked already
}

TEST(WalkNat, AProxyHasWhatTheLastRuleGivesItAndLoopbackToo) {
  const auto proxy = [](std::uint16_t port) {
    return when(tcp(80),
                {.kind = Kind::tproxy, .target = NatTarget{.port = port, .last_port = port}});
  };
  const NatWalk walk =
      walked({before("pre", -150, {proxy(1), proxy(2)}), base({to(tcp(80), "10.0.0.1")})});
  EXPECT_THAT(texts(walk), ElementsAre("ip t pre: tcp dport 80 tproxy to :2"));
  EXPECT_TRUE(walk.rules.at(0).prerouting && walk.rules.at(0).output);
}

TEST(WalkNat, OfChainsOfOnePriorityTheNewestIsFirst) {
  PacketChain newer = base({to(tcp(80), "10.0.0.2")});
  newer.name = "newer";
  EXPECT_THAT(texts(walked({base({to(tcp(80), "10.0.0.1")}), newer})),
              ElementsAre("ip t newer: tcp dport 80 dnat to 10.0.0.2"));
}

TEST(WalkNat, LoopbackIsAlwaysLocal) {
  PacketScope scope = tcp(1);
  scope.destination = span_of_prefix(parse_ip("127.0.0.2").value(), 32);
  const std::vector<IpAddress> none;
  EXPECT_EQ(walked({base({to(scope, "10.0.0.1")})}, {.local_addresses = none}).rules.size(), 1U);
  scope.destination = span_of_prefix(parse_ip("10.0.0.2").value(), 32);
  EXPECT_EQ(walked({base({to(scope, "10.0.0.1")})}, {.local_addresses = none}).rules.size(), 0U);
}

// kube-proxy over iptables: a NodePort's rule for 127.0.0.0/8, then one for every address.
std::vector<PacketChain> node_port(PacketRule between = {}) {
  PacketScope loopback = tcp(80), local = tcp(80);
  loopback.destination = span_of_prefix(parse_ip("127.0.0.0").value(), 8);
  local.local_only = true;
  return {base({jump(loopback, "svc"), std::move(between), jump(local, "svc")}),
          chain("svc", {to({}, "10.0.0.1")})};
}

TEST(WalkNat, RulesThatDoTheSameToPartsOfWhatOneIsAboutAreOne) {
  EXPECT_THAT(texts(walked(node_port())),
              ElementsAre("ip t svc: fib daddr type local tcp dport 80 dnat to 10.0.0.1"));
}

TEST(WalkNat, RulesAreNotOneWhereAnotherHasSomeOfTheirPackets) {
  PacketScope one = tcp(80);
  one.destination = span_of_prefix(parse_ip("10.9.0.1").value(), 32);
  EXPECT_THAT(
      texts(walked(node_port(to(one, "10.0.0.2")))),
      ElementsAre("ip t svc: ip daddr 127.0.0.0/8 tcp dport 80 dnat to 10.0.0.1",
                  "ip t base: ip daddr 10.9.0.1 tcp dport 80 dnat to 10.0.0.2",
                  "ip t svc: ip daddr 0.0.0.0-10.9.0.0 tcp dport 80 dnat to 10.0.0.1",
                  "ip t svc: ip daddr 10.9.0.2-126.255.255.255 tcp dport 80 dnat to 10.0.0.1",
                  "ip t svc: ip daddr 128.0.0.0/1 tcp dport 80 dnat to 10.0.0.1"));
}

TEST(WalkNat, AddressesOfOthersKeepNoRulesApart) {
  PacketScope one = tcp(80);
  one.destination = span_of_prefix(parse_ip("10.9.0.2").value(), 32);
  const std::vector<IpAddress> own{parse_ip("10.9.0.1").value()};
  EXPECT_THAT(texts(walked(node_port(to(one, "10.0.0.2")), {.local_addresses = own})),
              ElementsAre("ip t svc: fib daddr type local tcp dport 80 dnat to 10.0.0.1"));
}

TEST(WalkNat, AProxysRuleKeepsItsInterfaceWhereAnotherFollows) {
  PacketScope on_eth0 = tcp(80), on_eth1 = tcp(80);
  on_eth0.arrives_on = {InterfaceMatch{"eth0"}};
  on_eth1.arrives_on = {InterfaceMatch{"eth1"}};
  const PacketAction proxy{.kind = Kind::tproxy,
                           .target = NatTarget{.port = 5000, .last_port = 5000}};
  PacketChain mangle = base({when(on_eth0, proxy), when(on_eth1, proxy)});
  mangle.type = ChainType::filter;
  mangle.priority = -150;
  EXPECT_THAT(texts(walked({mangle})),
              ElementsAre("ip t base: iifname \"eth0\" tcp dport 80 tproxy to :5000",
                          "ip t base: iifname \"eth1\" tcp dport 80 tproxy to :5000"));
}

TEST(PacketScopes, SpansOfAddressesAreWrittenAsPrefixesWhereTheyAre) {
  const auto span = [](const char* first, const char* last) {
    return AddressSpan{parse_ip(first).value(), parse_ip(last).value()}.to_string();
  };
  EXPECT_EQ(span("10.0.0.0", "10.0.0.255"), "10.0.0.0/24");
  EXPECT_EQ(span("10.0.0.1", "10.0.0.2"), "10.0.0.1-10.0.0.2");
  EXPECT_EQ(span("0.0.0.0", "255.255.255.255"), "0.0.0.0/0");
  EXPECT_EQ(span("fd00::", "fd00::ffff"), "fd00::/112");
}

TEST(PacketScopes, ProtocolsAndFamiliesThatDifferHaveNothingInCommon) {
  EXPECT_FALSE(intersection(tcp(1), {.ip_protocol = IPPROTO_UDP}));
  EXPECT_FALSE(intersection(tcp(1), tcp(2)));
  PacketScope six;
  six.destination = span_of_prefix(parse_ip("fd00::1").value(), 128);
  EXPECT_FALSE(intersection({.family = AddressFamily::ipv4}, six));
  EXPECT_EQ(intersection({}, six)->family, AddressFamily::ipv6);
}

PacketChain own(std::vector<PacketRule> rules) {
  PacketChain chain = base(std::move(rules));
  chain.name = "own";
  chain.hook = PacketHook::output;
  return chain;
}
// "pre", "out" or "both", and where to.
std::vector<std::string> takers(const NatWalk& walk) {
  std::vector<std::string> out;
  for (const NatRule& rule : walk.rules) {
    const char* const who = !rule.output ? "pre " : rule.prerouting ? "both " : "out ";
    out.push_back(who + rule.targets.front().to_string());
  }
  return out;
}

TEST(WalkNat, ARuleForOwnPacketsOnlyStandsBehindThoseForArrivingOnes) {
  const std::vector<PacketChain> chains{base({jump({}, "all")}),
                                        own({to(tcp(1), "10.0.0.9"), jump({}, "all")}),
                                        chain("all", {to(tcp(1), "10.0.0.1")})};
  EXPECT_THAT(takers(walked(chains)), ElementsAre("pre 10.0.0.1", "out 10.0.0.9"));
}

TEST(WalkNat, ASharedRuleIsToldOnceAndStandsBehindThoseThatComeFirst) {
  const std::vector<PacketChain> chains{
      base({to(tcp(2), "10.0.0.2"), jump({}, "all"), to(tcp(3), "10.0.0.3")}),
      own({to(tcp(2), "10.0.0.9"), jump({}, "all")}), chain("all", {to(tcp(1), "10.0.0.1")})};
  EXPECT_THAT(takers(walked(chains)),
              ElementsAre("pre 10.0.0.2", "out 10.0.0.9", "both 10.0.0.1", "pre 10.0.0.3"));
}

NatRule taking(std::uint16_t port, const char* table, bool own) {
  return {.table = table,
          .scope = tcp(port),
          .prerouting = !own,
          .output = own,
          .targets = {NatTarget{.address = parse_ip("10.0.0.1").value()}},
          .chains = {"chain"}};
}
std::vector<std::string> tables(const std::vector<NatRule>& rules) {
  std::vector<std::string> out;
  for (const NatRule& rule : rules) {
    out.push_back(rule.table + (!rule.output ? " pre" : rule.prerouting ? " both" : " out"));
  }
  return out;
}

TEST(WalkNat, WhereTheOrderOfAPortIsAnotherEachHasARuleOfItsOwn) {
  EXPECT_THAT(tables(merge_walks({taking(1, "a", false), taking(1, "b", false)},
                                 {taking(1, "b", true), taking(1, "a", true)})),
              ElementsAre("a pre", "b both", "a out"));
  EXPECT_THAT(tables(merge_walks({taking(1, "a", false), taking(2, "b", false)},
                                 {taking(2, "b", true), taking(1, "a", true)})),
              ElementsAre("a both", "b both"));
}

}  // namespace
}  // namespace hostnet
