#include "agent/reserve/kept_state.h"

#include <gtest/gtest.h>

#include "agent/ports/port_ranges.h"
#include "agent/reserve/state_folder.h"
#include "tests/support/temporary_directory.h"

namespace hostnet {
namespace {

PortSet listed_ports(std::string_view list) {
  return port_set(parse_port_list(list).value());
}

KeptState sample_state() {
  return {.boot = "5f0c-11",
          .network_namespace = 4026531840,
          .added = listed_ports("40000"),
          .before = listed_ports("8080"),
          .after = listed_ports("8080,40000")};
}

TEST(KeptStateText, ReadsWhatItWrites) {
  const KeptState state = sample_state();
  EXPECT_EQ(to_text(state),
            "boot 5f0c-11\nnamespace 4026531840\nadded 40000\nbefore 8080\nafter 8080,40000\n");
  EXPECT_EQ(parse_kept_state(to_text(state)).value(), state);
  EXPECT_EQ(parse_kept_state(to_text({})).value(), KeptState{});
}

TEST(KeptStateText, EveryPrefixAndEveryOtherTextIsRefused) {
  const std::string whole = to_text(sample_state());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_kept_state(whole.substr(0, length))) << length;
  }
  EXPECT_FALSE(parse_kept_state(whole + "x"));
  EXPECT_FALSE(parse_kept_state("boot b\nnamespace -1\nadded \nbefore \nafter \n"));
  EXPECT_FALSE(parse_kept_state("boot b\nnamespace 1\nadded 70000\nbefore \nafter \n"));
  EXPECT_FALSE(parse_kept_state("boot b\nnamespace 1\nadded 2-1\nbefore \nafter \n"));
}

TEST(OwnReservation, IsKnownBeforeAndAfterTheWriteThatWasUnderWay) {
  const auto after =
      own_reservation(sample_state(), "5f0c-11", 4026531840, listed_ports("8080,40000"));
  EXPECT_EQ(after.added, listed_ports("40000"));
  const auto before = own_reservation(sample_state(), "5f0c-11", 4026531840, listed_ports("8080"));
  EXPECT_TRUE(before.added.none());
}

TEST(OwnReservation, IsNothingWhenTheListIsSomebodyElsesOrOfAnotherBootOrNamespace) {
  const PortSet same = listed_ports("8080,40000");
  EXPECT_TRUE(
      own_reservation(sample_state(), "5f0c-11", 4026531840, listed_ports("40000")).added.none());
  EXPECT_TRUE(own_reservation(sample_state(), "5f0c-12", 4026531840, same).added.none());
  EXPECT_TRUE(own_reservation(sample_state(), "5f0c-11", 4026531841, same).added.none());
}

TEST(StateFolderTest, IsOfOneAgentAtATime) {
  const TemporaryDirectory directory;
  auto first = StateFolder::open(directory / "state");
  ASSERT_TRUE(first) << first.error().message;
  const auto second = StateFolder::open(directory / "state");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, Reason::exhausted);
  first->reset();
  EXPECT_TRUE(StateFolder::open(directory / "state"));
}

TEST(StateFolderTest, KeepsTheLastTextAndFollowsNoLink) {
  const TemporaryDirectory directory;
  const auto folder = StateFolder::open(directory.path().string()).value();
  EXPECT_EQ(folder->read().value(), std::nullopt);
  ASSERT_TRUE(folder->write("one"));
  ASSERT_TRUE(folder->write("two"));
  EXPECT_EQ(folder->read().value(), "two");
  std::filesystem::remove(directory / "reserved-ports");
  directory.make_link("reserved-ports", "/etc/hostname");
  EXPECT_FALSE(folder->read());
  const auto missing = StateFolder::open(directory / "no/such");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("no/such"), std::string::npos);
}

}  // namespace
}  // namespace hostnet
