#include "agent/binds/past_refusals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>

#include "agent/binds/fold_binds.h"
#include "netlink/bind_events/past_binds.h"
#include "tests/support/fake_bind_events.h"
#include "tests/support/node_builder.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

const std::string kContainerScope =
    "/kubepods.slice/kubepods-pod0b1d0f00_0000_4000_8000_000000000001.slice/cri-containerd-" +
    std::string(64, 'b') + ".scope";

class PastRefusals : public ::testing::Test {
 protected:
  PastRefusals() {
    builder_.process({.pid = 812,
                      .comm = "nginx",
                      .exe = "/usr/sbin/nginx",
                      .cgroup = "/system.slice/nginx.service"});
    builder_.listens(812, Protocol::tcp, "0.0.0.0", 8080);
  }

  BindEvent event(BindEvent::Kind kind, std::uint16_t port, std::chrono::milliseconds ago = 0ms) {
    BindEvent event{};
    event.kind = kind;
    event.protocol = Protocol::tcp;
    event.address = parse_ip("0.0.0.0").value();
    event.port = port;
    event.binder.at = builder_.clock()->steady() - ago;
    event.binder.cgroup = builder_.cgroup(kContainerScope);
    event.binder.process = event.binder.thread = 900;
    event.binder.comm = "web";
    return event;
  }
  std::shared_ptr<const std::vector<Refusal>> refusals_of(std::vector<BindEvent> events) {
    Node node = builder_.build();
    node.bind_events = past_binds(std::move(events)).value();
    return past_refusals(node, {}, PodIndex(), false);
  }

  NodeBuilder builder_;
};

constexpr auto kRefused = BindEvent::Kind::refused;
constexpr auto kDone = BindEvent::Kind::done;

TEST_F(PastRefusals, ThatAreNotSettledAreThereWithTheirHolder) {
  const auto refusals = refusals_of({event(kRefused, 8080)});
  ASSERT_TRUE(refusals);
  ASSERT_EQ(refusals->size(), 1U);
  EXPECT_EQ(refusals->front().port, 8080);
  EXPECT_EQ(refusals->front().error, "EADDRINUSE");
  ASSERT_EQ(refusals->front().holders.size(), 1U);
  EXPECT_EQ(refusals->front().holders.front().owner.unit, "nginx.service");
  EXPECT_FALSE(refusals->front().serious);
}

TEST_F(PastRefusals, ThatASuccessSettledAreOver) {
  const auto refusals = refusals_of({event(kRefused, 8080, 2s), event(kDone, 8080, 1s)});
  ASSERT_TRUE(refusals);
  EXPECT_TRUE(refusals->empty());
}

TEST_F(PastRefusals, OfMinutesApartAreNotThreeWithinAMinute) {
  const auto slow = refusals_of(
      {event(kRefused, 8080, 5min), event(kRefused, 8080, 3min), event(kRefused, 8080)});
  EXPECT_FALSE(slow->front().serious);
  EXPECT_EQ(slow->front().count, 3U);
  const auto quick =
      refusals_of({event(kRefused, 8080, 5s), event(kRefused, 8080, 3s), event(kRefused, 8080)});
  EXPECT_TRUE(quick->front().serious);
}

TEST_F(PastRefusals, AreNoneWhereNothingIsRecorded) {
  EXPECT_EQ(past_refusals(builder_.build(), {}, PodIndex(), false), nullptr);
  EXPECT_EQ(refusals_of({}), nullptr);
}

TEST_F(PastRefusals, OfALiveNodeAreTheWatchsAlone) {
  const auto live = std::make_shared<FakeBindEvents>();
  live->happen(event(kRefused, 8080));
  Node node = builder_.build();
  node.bind_events = live;
  EXPECT_EQ(past_refusals(node, {}, PodIndex(), false), nullptr);
  int left = 0;
  live->drain([&](const BindEvent&) { ++left; });
  EXPECT_EQ(left, 1);
}

TEST_F(PastRefusals, EqualOnesAreFoldedUpToASuccess) {
  const std::vector events{event(kRefused, 1), event(kRefused, 1), event(kRefused, 2),
                           event(kDone, 3), event(kRefused, 1)};
  std::vector<std::pair<int, int>> told;  // port, times
  fold_binds(events, {.on_refused =
                          [&](const BindEvent& last, SteadyTime, std::uint64_t times) {
                            told.emplace_back(last.port, static_cast<int>(times));
                          },
                      .on_done = [&](const BindEvent& done) { told.emplace_back(done.port, 0); }});
  EXPECT_THAT(told, ElementsAre(Pair(1, 2), Pair(2, 1), Pair(3, 0), Pair(1, 1)));
}

}  // namespace
}  // namespace hostnet
