#include "netlink/node/recording/recorded_binds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "netlink/bind_events/kept_binds.h"
#include "netlink/bind_events/past_binds.h"
#include "netlink/node/recording/recorder.h"
#include "tests/node/recording_scene.h"
#include "tests/support/fake_bind_events.h"

namespace hostnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Binder binder(int process, std::string comm) {
  return {.at = SteadyTime(std::chrono::nanoseconds(123'456'789'012)),
          .cgroup = 77,
          .ancestors = {1, 2, 3, 4, 5, 6, 0xFFFF'FFFF'FFFFU},
          .process = process,
          .thread = process + 1,
          .user = 1000,
          .comm = std::move(comm)};
}

BindEvent refused(std::uint16_t port = 8080) {
  return {.kind = BindEvent::Kind::refused,
          .protocol = Protocol::udp,
          .address = parse_ip("::ffff:10.0.0.7").value(),
          .port = port,
          .error = 1,
          .binder = binder(900, "we%b\n\xff"),
          .before = binder(812, "nginx")};
}

BindEvent done(std::uint16_t port = 8081) {
  BindEvent event = refused(port);
  event.kind = BindEvent::Kind::done;
  event.protocol = Protocol::tcp;
  event.address = parse_ip("0.0.0.0").value();
  event.before.reset();
  return event;
}

std::vector<BindEvent> drained(BindEvents& events) {
  std::vector<BindEvent> seen;
  events.drain([&](BindEvent event) { seen.push_back(std::move(event)); });
  return seen;
}

TEST_F(Recording, BindEventsAreReplayedAsTheyCame) {
  Node node = small_node().build();
  node.bind_events = past_binds({refused(), done()}).value();
  const auto recorder = record_node(std::move(node), directory_).value();
  ASSERT_TRUE(recorder->finish());
  const Node replayed = replayed_node(directory_).value();
  ASSERT_TRUE(replayed.bind_events);
  EXPECT_TRUE(replayed.bind_events->attached());
  EXPECT_THAT(replayed.bind_events->past(), ElementsAre(refused(), done()));
  EXPECT_THAT(drained(*replayed.bind_events), ElementsAre(refused(), done()));
  EXPECT_TRUE(drained(*replayed.bind_events).empty());
}

TEST_F(Recording, BindEventsThatComeWhileItIsMadeAreRecordedOnce) {
  const auto fake = std::make_shared<FakeBindEvents>();
  Node node = small_node().build();
  node.bind_events = fake;
  const auto recorder = record_node(std::move(node), directory_).value();
  fake->happen(refused());
  fake->happen(done());
  EXPECT_THAT(drained(*recorder->node().bind_events), ElementsAre(refused(), done()));
  ASSERT_TRUE(recorder->finish());
  EXPECT_THAT(replayed_node(directory_).value().bind_events->past(),
              ElementsAre(refused(), done()));
}

TEST_F(Recording, WithoutBindEventsNobodyHearsOfBindsInTheReplayEither) {
  ASSERT_TRUE(small_node().write_recording(directory_));
  EXPECT_EQ(replayed_node(directory_).value().bind_events, nullptr);
}

TEST(RecordedBinds, AreReadBackAsTheyWereWritten) {
  const std::vector<BindEvent> events{refused(), done(), refused(65535)};
  EXPECT_EQ(parse_recorded_binds(recorded_binds_json(events)), events);
}

TEST(RecordedBinds, ThatAreWrongAreRefusedByPlace) {
  const std::string good = recorded_binds_json(std::vector{refused()});
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string text = good;
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), instead);
    const auto parsed = parse_recorded_binds(text);
    return parsed ? std::string("read") : parsed.error().message;
  };
  EXPECT_THAT(with("\"refused\"", "\"guessed\""), HasSubstr("binds/0/kind"));
  EXPECT_THAT(with("\"udp\"", "\"sctp\""), HasSubstr("expected tcp or udp"));
  EXPECT_THAT(with(":8080", ":0"), HasSubstr("binds/0/port"));
  EXPECT_THAT(with(":8080", ":70000"), HasSubstr("smaller integer"));
  EXPECT_THAT(with("\"process\":900", "\"process\":-1"), HasSubstr("binds/0/binder/process"));
  EXPECT_THAT(with("::ffff:10.0.0.7", "10.0.0"), HasSubstr("binds/0/address"));
  EXPECT_THAT(with("[1,2,3", "[[],2,3"), HasSubstr("ancestors"));
  EXPECT_THAT(with("[1,2,3", "[3"), HasSubstr("7 cgroups"));
  EXPECT_FALSE(parse_recorded_binds("{}"));
  EXPECT_FALSE(parse_recorded_binds("[7]"));
  EXPECT_FALSE(parse_recorded_binds("["));
}

TEST(KeptBinds, KeepTheNewestForWhoRecordsLater) {
  const auto fake = std::make_shared<FakeBindEvents>();
  KeptBinds kept(fake);
  for (std::size_t i = 0; i <= KeptBinds::kMost; ++i) {
    fake->happen(refused(static_cast<std::uint16_t>(1 + i)));
  }
  EXPECT_EQ(drained(kept).size(), KeptBinds::kMost + 1);
  ASSERT_EQ(kept.kept().size(), KeptBinds::kMost);
  EXPECT_EQ(kept.kept().front().port, 2);
  EXPECT_EQ(kept.kept().back().port, KeptBinds::kMost + 1);
}

}  // namespace
}  // namespace hostnet
