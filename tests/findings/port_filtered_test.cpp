#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

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

}  // namespace
}  // namespace hostnet
