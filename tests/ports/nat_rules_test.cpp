#include "agent/ports/nat_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/ports/nat/pod_containers.h"
#include "agent/ports/port_snapshot.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;

TEST(NatRulesByPort, WideRulesAreFoundInTheKernelsOrder) {
  const auto rule = [](std::uint16_t first, std::uint16_t last, const char* text) {
    NatRule made;
    made.scope.ports = {first, last};
    made.text = text;
    return made;
  };
  const NatRules rules(
      {.rules = {rule(30080, 30080, "one"), rule(30000, 32767, "all"), rule(30080, 30081, "two")}});
  std::vector<std::string> texts;
  for (const NatRule* found : rules.on_port(Protocol::udp, 30080)) texts.push_back(found->text);
  EXPECT_THAT(texts, ElementsAre("one", "all", "two"));
  EXPECT_EQ(rules.on_port(Protocol::tcp, 30082).size(), 1U);
  EXPECT_EQ(rules.on_port(Protocol::tcp, 80).size(), 0U);
}

TEST(NatRulesByPort, ARulesPodIsThatOfItsSandboxElseOfItsAddress) {
  NatRule rule;
  rule.targets = {NatTarget{.address = parse_ip("10.0.0.5").value(), .last_address = {}}};
  rule.sandbox_id = "box";
  PortSnapshot table;
  table.nat = std::make_shared<const NatRules>(NatRules::Facts{.rules = {rule}});
  PodSnapshot pods;
  for (const char* name : {"by-uid", "by-address", "finished"}) {
    Pod pod;
    pod.namespace_ = "default";
    pod.name = name;
    pod.uid = std::string("uid-") + name;
    pods.pods.push_back(pod);
  }
  pods.pods[1].pod_ips = {"10.0.0.4", "10.0.0.5"};
  pods.pods[2].pod_ips = {"10.0.0.5"};
  pods.pods[2].phase = "Succeeded";
  table.pods = std::make_shared<const PodIndex>(std::make_shared<const PodSnapshot>(pods));
  const auto named = [&] {
    return holder_of_rule(table, table.nat->rules().front(), Protocol::tcp, 80).name;
  };
  EXPECT_EQ(named(), "default/by-address");
  table.pods_by_container =
      std::make_shared<const PodsByContainer>(PodsByContainer{{"box", "uid-by-uid"}});
  EXPECT_EQ(named(), "default/by-uid");
}

}  // namespace
}  // namespace hostnet
