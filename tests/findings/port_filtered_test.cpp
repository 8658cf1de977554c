#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "agent/findings/context/filtered.h"
#include "agent/ports/port_filters.h"
#include "tests/findings/nat_scene.h"

namespace hostnet {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A table of nf_tables whose one chain ends, or lets pass, what comes to its end.
std::shared_ptr<const PortFilters> policy_at(PacketHook hook, bool drops) {
  PacketTable table{.source = NatSource::nf_tables, .family = {}, .name = "mine", .chains = {}};
  table.chains.push_back({.name = "filter",
                          .hook = hook,
                          .priority = 0,
                          .rules = {},
                          .type = ChainType::filter,
                          .drops = drops});
  const std::vector<PacketTable> tables{table};
  return std::make_shared<PortFilters>(
      std::vector{PortFilters::Tables(std::make_shared<const std::vector<PacketTable>>(tables))});
}

NatScene scene_with(std::shared_ptr<const PortFilters> filters) {
  NatScene scene;
  Pod pod = host_pod("web", "u1");
  scene.add(with_port(pod, 8080));
  scene.no_rules();
  scene.table.filters = std::move(filters);
  return scene;
}

TEST(PortFiltered, AChainThatDropsWhatArrivesIsToldAndIsNoWarning) {
  const auto found = scene_with(policy_at(PacketHook::input, true)).of(Verdict::port_filtered);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].severity, Severity::info);
  EXPECT_THAT(found[0].explanation, HasSubstr("nothing from outside reaches it"));
  EXPECT_THAT(found[0].explanation, HasSubstr("drops it"));
  EXPECT_THAT(found[0].remedy, HasSubstr("accept it before that rule; inspect with: nft "));
}

TEST(PortFiltered, NothingIsToldWhereItMayGetThroughOrNobodyKnows) {
  for (const auto& filters :
       {policy_at(PacketHook::input, false), policy_at(PacketHook::forward, true),
        std::shared_ptr<const PortFilters>()}) {
    EXPECT_THAT(scene_with(filters).of(Verdict::port_filtered), IsEmpty());
  }
}

TEST(PortFiltered, AServerOfAnotherAddressIsNotAsked) {
  NatScene scene = scene_with(policy_at(PacketHook::input, true));
  scene.pods.pods.clear();
  Pod pod = host_pod("local", "u2");
  scene.add(with_port(pod, 8081, Protocol::tcp, "127.0.0.1"));
  EXPECT_THAT(scene.of(Verdict::port_filtered), IsEmpty());
}

TEST(PortFiltered, AHostPortIsWhereTheWayToItsPodEnds) {
  const auto found = [](PacketHook hook, Certainty certainty) {
    NatScene scene;
    scene.add(web_pod());
    NatRule rule = host_port_rule(80, "10.244.0.7:80");
    rule.scope.certainty = certainty;
    scene.rule(rule);
    scene.table.filters = policy_at(hook, true);
    return scene.of(Verdict::port_filtered);
  };
  const auto forwarded = found(PacketHook::forward, Certainty::certain);
  ASSERT_THAT(forwarded, SizeIs(1));
  EXPECT_EQ(forwarded[0].port, 80);
  EXPECT_THAT(forwarded[0].explanation,
              HasSubstr("(container main) declares 80/tcp, but nothing from outside reaches it"));
  EXPECT_THAT(found(PacketHook::input, Certainty::certain), IsEmpty()) << "it does not go there";
  EXPECT_THAT(found(PacketHook::forward, Certainty::conditional), IsEmpty())
      << "some of its packets may go elsewhere";
}

TEST(PortFiltered, AServerToWhichARuleLeadsPacketsIsNot) {
  NatScene scene = scene_with(policy_at(PacketHook::input, true));
  scene.rule(node_port_rule(30080, {"10.0.0.1:8080"}));
  EXPECT_THAT(scene.of(Verdict::port_filtered), IsEmpty());
  NatScene elsewhere = scene_with(policy_at(PacketHook::input, true));
  elsewhere.rule(node_port_rule(30080, {"10.244.0.9:8080"}));
  EXPECT_THAT(elsewhere.of(Verdict::port_filtered), SizeIs(1));
}

TEST(FilteredServer, OfADeviceIsAskedOfThatDeviceOnly) {
  const NatScene scene = scene_with(policy_at(PacketHook::input, true));
  const std::vector<WayIn> ways{{"eth0", ip("10.0.0.1")}};
  Bind server{.address = ip("0.0.0.0"), .v6only = {}};
  const auto filtered = [&] {
    return filtered_server(server, Protocol::tcp, 8080, scene.table, ways).has_value();
  };
  EXPECT_TRUE(filtered());
  for (const Link& link : scene.table.links) {
    server.interface = link.index;
    EXPECT_EQ(filtered(), link.name == "eth0") << link.name;
  }
  server.interface = 4711;  // gone
  EXPECT_FALSE(filtered());
}

TEST(FilteredServer, SaysOnWhichWayNothingArrivesWhereTheOthersAreOpen) {
  NatRule rule;
  rule.text = "inet f in: policy drop";
  rule.effect = NatEffect::reject;
  const Filtered filtered{.rules = {std::make_shared<const NatRule>(rule)},
                          .everything = false,
                          .first = {"eth1", ip("10.1.0.1")}};
  EXPECT_EQ(filtered_words(filtered),
            "nothing that arrives at 10.1.0.1 on eth1 reaches it: rule \"inet f in: policy drop\" "
            "rejects it");
}

TEST(FilteredServer, TheRemedyIsInTheWordsOfWhoWroteTheRule) {
  const auto remedy = [](RuleOwner owner, const char* service = "") {
    NatRule rule;
    rule.table = "t";
    rule.owner = owner;
    rule.service = service;
    return remedy_against_filter(rule, Protocol::udp, 53);
  };
  EXPECT_EQ(remedy(RuleOwner::kube_proxy, "dns/coredns:udp"),
            "kubectl -n dns describe service coredns: it has the port and no endpoints");
  EXPECT_EQ(remedy(RuleOwner::ufw),
            "where it is to be reached: ufw allow 53/udp; inspect with: nft -a list table ip t");
  EXPECT_EQ(remedy(RuleOwner::firewalld),
            "where it is to be reached: firewall-cmd --add-port=53/udp; inspect with: nft -a list "
            "table ip t");
  for (const auto& of_others : {remedy(RuleOwner::other), remedy(RuleOwner::kube_proxy)}) {
    EXPECT_EQ(of_others,
              "where it is to be reached, accept it before that rule; inspect with: nft -a list "
              "table ip t");
  }
}

}  // namespace
}  // namespace hostnet
