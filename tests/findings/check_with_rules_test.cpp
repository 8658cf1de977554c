// What check says where NAT rules take traffic.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/findings/check.h"
#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::HasSubstr;

CheckAnswer checked(const NatScene& scene, std::uint16_t port, std::string_view address) {
  return check_port({.protocol = Protocol::tcp, .port = port, .address = ip(address)}, scene.table,
                    scene.pods, scene.policy, kNow);
}

TEST(CheckWithRules, TrafficIsDivertedWhereARuleTakesIt) {
  NatScene scene;
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.output = false;
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::diverted);
  EXPECT_EQ(checked(scene, 80, "10.0.0.1").verdict, CheckVerdict::diverted);
  EXPECT_EQ(checked(scene, 80, "127.0.0.1").verdict, CheckVerdict::free);
  EXPECT_EQ(checked(scene, 80, "fd00::1").verdict, CheckVerdict::free);
  EXPECT_EQ(checked(scene, 80, "::").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, WhatPartOfTheTrafficIsTakenIsSaid) {
  const auto told = [](auto change) {
    NatScene scene;
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.owner = RuleOwner::other;
    rule.output = false;
    rule.text = "R";
    change(rule);
    scene.rule(rule);
    const CheckAnswer answer = checked(scene, 80, "0.0.0.0");
    EXPECT_EQ(answer.bindable, true);
    return std::string(to_string(answer.verdict)) + ": " + answer.explanation;
  };
  const std::string but = "diverted: A server could bind 0.0.0.0:80, but NAT rule R ";
  EXPECT_EQ(told([](NatRule&) {}), but + "takes its traffic.");
  EXPECT_EQ(told([](NatRule& rule) { rule.scope.arrives_on = {InterfaceMatch{"eth0"}}; }),
            but + "takes what arrives on eth0.");
  EXPECT_EQ(
      told([](NatRule& rule) { rule.scope.arrives_on = {InterfaceMatch{"veth", true, true}}; }),
      but + "takes what arrives on interfaces other than veth*.");
  EXPECT_EQ(told([](NatRule& rule) {
              rule.scope.destination = AddressSpan{ip("10.0.0.1"), ip("10.0.0.1")};
            }),
            but + "takes what arrives at 10.0.0.1.");
  EXPECT_EQ(told([](NatRule& rule) { rule.scope.certainty = Certainty::random; }),
            but + "takes its traffic.");
  EXPECT_EQ(told([](NatRule& rule) {
              rule.prerouting = false;
              rule.output = true;
            }),
            but + "takes what this node itself sends.");
}

TEST(CheckWithRules, NothingArrivesOnAnInterfaceThatIsNotThereOrLoopback) {
  for (const char* name : {"docker0", "lo"}) {
    NatScene scene;
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.output = false;
    rule.scope.arrives_on = {InterfaceMatch{name}};
    scene.rule(rule);
    EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::free) << name;
  }
}

TEST(CheckWithRules, WhatCannotBeToldOfARuleIsUnknown) {
  NatScene narrowed;
  NatRule rule = host_port_rule(80, "10.244.0.7:80");
  rule.text = "R";
  rule.scope.doubt(Certainty::conditional);
  narrowed.rule(rule);
  CheckAnswer answer = checked(narrowed, 80, "0.0.0.0");
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_EQ(answer.bindable, true);
  ASSERT_EQ(answer.holders.size(), 1U);
  EXPECT_EQ(answer.explanation,
            "A server could bind 0.0.0.0:80, but it may not get its traffic: NAT rule R has "
            "match conditions the agent cannot evaluate.");

  NatScene anywhere;
  rule.scope.certainty = Certainty::certain;
  rule.targets.clear();
  anywhere.rule(rule);
  answer = checked(anywhere, 80, "0.0.0.0");
  EXPECT_EQ(answer.verdict, CheckVerdict::unknown);
  EXPECT_THAT(answer.explanation, HasSubstr("sends packets to an unknown destination"));
}

TEST(CheckWithRules, ARuleThatRefusesTakesTheTraffic) {
  NatScene scene;
  NatRule rule = node_port_rule(80, {"10.0.0.1:80"});
  rule.targets.clear();
  rule.effect = NatEffect::reject;
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, WhatIsSentToLoopbackComesBackOnlyWhereTheKernelRoutesItThere) {
  const auto verdict = [](std::optional<std::vector<std::string>> route_localnet) {
    NatScene scene;
    NatRule rule = host_port_rule(80, "127.0.0.1:80");
    rule.owner = RuleOwner::other;
    rule.output = false;
    scene.rule(rule);
    scene.table.route_localnet = std::move(route_localnet);
    return checked(scene, 80, "0.0.0.0").verdict;
  };
  EXPECT_EQ(verdict({{"eth0"}}), CheckVerdict::free);
  EXPECT_EQ(verdict(std::vector<std::string>{}), CheckVerdict::diverted);
  EXPECT_EQ(verdict(std::nullopt), CheckVerdict::unknown);
}

TEST(CheckWithRules, ARedirectOfTheNodesOwnPacketsLeadsToLoopback) {
  NatScene scene;
  NatRule rule = host_port_rule(80, "127.0.0.1:80");
  rule.effect = NatEffect::redirect;
  rule.targets = {{.port = 80, .last_port = 80}};
  rule.prerouting = false;
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::free);
  EXPECT_EQ(checked(scene, 80, "10.0.0.1").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, AProxyThatGetsPacketsAsTheyAreTakesThem) {
  NatScene scene;
  NatRule rule = host_port_rule(80, "127.0.0.1:80");
  rule.effect = NatEffect::tproxy;
  rule.targets = {{.port = 50080, .last_port = 50080}};
  scene.rule(rule);
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::diverted);
}

TEST(CheckWithRules, ABackendGetsItsTrafficBack) {
  NatScene scene;
  scene.rule(node_port_rule(80, {"10.0.0.1:80", "10.0.0.7:80"}));
  EXPECT_EQ(checked(scene, 80, "0.0.0.0").verdict, CheckVerdict::free);
}

}  // namespace
}  // namespace hostnet
