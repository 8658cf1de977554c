#include "netlink/nat/meet_filters.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>
#include <utility>
#include <vector>

namespace hostnet {
namespace {

using Kind = PacketAction::Kind;

PacketScope tcp(std::uint16_t port, Certainty certainty = {}) {
  PacketScope scope{.ip_protocol = IPPROTO_TCP, .ports = {port, port}};
  scope.certainty = certainty;
  return scope;
}
PacketRule when(const PacketScope& scope, Kind kind, const char* chain = "") {
  return {.alternatives = {{scope, {.kind = kind, .chain = chain}, ""}}, .comment = {}};
}
PacketChain chain_at(PacketHook hook, std::vector<PacketRule> rules, bool drops = false) {
  return {.name = "base",
          .hook = hook,
          .rules = std::move(rules),
          .type = ChainType::filter,
          .drops = drops};
}
PacketChain input(std::vector<PacketRule> rules, bool drops = false) {
  return chain_at(PacketHook::input, std::move(rules), drops);
}
ArrivingPacket arriving(std::uint16_t port) {
  return {.ip_protocol = IPPROTO_TCP,
          .port = port,
          .destination = parse_ip("10.0.0.7").value(),
          .interface = "eth0",
          .pod = std::nullopt};
}
std::optional<NatRule> met(std::vector<PacketChain> chains, const ArrivingPacket& packet) {
  const PacketTable table{.family = AddressFamily::ipv4, .name = "t", .chains = std::move(chains)};
  const std::array tables{&table};
  return meet_filters(BaseChains(tables), packet);
}

TEST(MeetFilters, AnUnconditionalDropOfThatPortEndsIt) {
  const std::vector chains{input({when(tcp(8080), Kind::drop)})};
  const auto rule = met(chains, arriving(8080));
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->effect, NatEffect::drop);
  EXPECT_EQ(rule->text, "ip t base: tcp dport 8080 drop");
  EXPECT_FALSE(met(chains, arriving(8081)));
}

TEST(MeetFilters, ARejectIsToldAsOne) {
  const auto rule = met({input({when(tcp(8080), Kind::reject)})}, arriving(8080));
  ASSERT_TRUE(rule);
  EXPECT_EQ(rule->effect, NatEffect::reject);
}

TEST(MeetFilters, ADropOnAConditionSaysNothing) {
  EXPECT_FALSE(met({input({when(tcp(8080, Certainty::conditional), Kind::drop)})}, arriving(8080)));
}

TEST(MeetFilters, WhatMayBeAcceptedBeforeMayGetThrough) {
  EXPECT_FALSE(met(
      {input({when(tcp(8080, Certainty::conditional), Kind::accept), when(tcp(8080), Kind::drop)})},
      arriving(8080)));
  EXPECT_FALSE(
      met({input({when(tcp(8080), Kind::accept), when(tcp(8080), Kind::drop)})}, arriving(8080)));
}

TEST(MeetFilters, APolicyOfDropEndsWhatNoRuleAccepts) {
  const std::vector chains{input({when(tcp(22), Kind::accept)}, true)};
  EXPECT_TRUE(met(chains, arriving(8080)));
  EXPECT_FALSE(met(chains, arriving(22)));
}

TEST(MeetFilters, ADropInAChainThatIsJumpedToEndsIt) {
  PacketChain other{.name = "other", .hook = {}, .rules = {when(tcp(8080), Kind::drop)}};
  EXPECT_TRUE(met({input({when({}, Kind::jump, "other")}), other}, arriving(8080)));
  EXPECT_FALSE(met({input({}), other}, arriving(8080)));
}

// externalTrafficPolicy: Local without endpoints here: kube-proxy leads the pods' packets only to
// the Service, and drops what arrives from elsewhere.
TEST(MeetFilters, WhatSomePacketsAreTranslatedByDoesNotLetTheOthersThrough) {
  PacketScope pods = tcp(8080, Certainty::conditional);
  PacketChain service{.name = "service", .hook = {}, .rules = {when(tcp(8080), Kind::dnat)}};
  PacketChain before = chain_at(PacketHook::prerouting, {when(pods, Kind::jump, "service")});
  before.name = "nat";
  before.type = ChainType::nat;
  EXPECT_TRUE(met({before, service, input({when(tcp(8080), Kind::drop)})}, arriving(8080)));
  EXPECT_FALSE(met({before, service, input({})}, arriving(8080)));
  before.rules = {when(tcp(8080), Kind::jump, "service")};
  EXPECT_FALSE(met({before, service, input({when(tcp(8080), Kind::drop)})}, arriving(8080)));
}

// kube-proxy's nftables: numgen random mod 2 vmap { 0: goto endpoint-a, 1: goto endpoint-b }
TEST(MeetFilters, WhatOneOfSeveralRulesTranslatesByChanceIsTranslated) {
  const auto endpoint = [](const char* name) {
    return PacketChain{.name = name, .hook = {}, .rules = {when({}, Kind::dnat)}};
  };
  const auto goto_by_chance = [](const char* chain, Certainty certainty) {
    return when(tcp(8080, certainty), Kind::go_to, chain);
  };
  const auto met_with = [&](Certainty certainty) {
    PacketChain nat = chain_at(PacketHook::prerouting, {when(tcp(8080), Kind::go_to, "service")});
    nat.type = ChainType::nat;
    PacketChain service{.name = "service",
                        .hook = {},
                        .rules = {goto_by_chance("a", certainty), goto_by_chance("b", certainty)}};
    return met({nat, service, endpoint("a"), endpoint("b"), input({}, true)}, arriving(8080));
  };
  EXPECT_FALSE(met_with(Certainty::random));
  EXPECT_TRUE(met_with(Certainty::conditional));
  EXPECT_TRUE(met_with(Certainty::unknown));
}

TEST(MeetFilters, AHostPortsPacketMeetsForwardByThePodsPortAndNotInput) {
  ArrivingPacket packet = arriving(8080);
  packet.pod = parse_ip("10.244.0.2").value();
  packet.pod_port = 80;
  const auto forward = [](std::uint16_t port) {
    return chain_at(PacketHook::forward, {when(tcp(port), Kind::drop)});
  };
  EXPECT_TRUE(met({forward(80)}, packet));
  EXPECT_FALSE(met({forward(8080)}, packet));
  EXPECT_FALSE(met({input({when(tcp(8080), Kind::drop)})}, packet));
}

TEST(MeetFilters, ManyRulesAreWalkedAndTheLastOneIsFound) {
  std::vector<PacketRule> rules;
  for (std::uint16_t port = 10'000; port < 15'000; ++port) {
    rules.push_back(when(tcp(port), Kind::drop));
  }
  rules.push_back(when(tcp(8080), Kind::drop));
  EXPECT_TRUE(met({input(rules)}, arriving(8080)));
}

}  // namespace
}  // namespace hostnet
