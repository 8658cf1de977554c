#include "agent/log/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "netlink/base/unique_fd.h"

namespace hostnet::log {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Captures lines without their time; the clock stands until told.
class Log : public testing::Test {
 protected:
  Log() { start(Level::debug); }
  ~Log() override { set_up({}); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void start(Level level) {
    set_up({.level = level,
            .format = Format::logfmt,
            .sink =
                [this](std::string_view line) {
                  lines.emplace_back(line.substr(line.find(" level=") + 1));
                },
            .now = [this] { return now; }});
  }

  WallTime now{seconds{1'800'000'000}};
  std::vector<std::string> lines;
};

TEST_F(Log, WritesEachLevelByItsName) {
  debug("a");
  info("b", {{"port", 80}});
  warn("c");
  error("d");
  EXPECT_THAT(lines, ElementsAre("level=debug msg=a", "level=info msg=b port=80",
                                 "level=warn msg=c", "level=error msg=d"));
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  start(Level::warn);
  info("no");
  warn("yes");
  EXPECT_THAT(lines, ElementsAre("level=warn msg=yes"));
  EXPECT_FALSE(enabled(Level::info));
  EXPECT_TRUE(enabled(Level::error));
}

TEST_F(Log, DoesNotTakeBracesForAFormat) {
  info("{} {0} {x");
  EXPECT_THAT(lines, ElementsAre("level=info msg=\"{} {0} {x\""));
}

TEST_F(Log, SaysARepeatedErrorOnceAMinuteWithItsCount) {
  for (int i = 0; i < 60; ++i) {
    error("cannot scan", {{"error", "denied"}});
    now += seconds{1};
  }
  EXPECT_THAT(lines, ElementsAre("level=error msg=\"cannot scan\" error=denied"));
  error("cannot scan", {{"error", "denied"}});
  EXPECT_THAT(lines, ElementsAre("level=error msg=\"cannot scan\" error=denied",
                                 "level=error msg=\"cannot scan\" error=denied repeated=59"));
}

TEST_F(Log, CountsNothingForAnErrorThatSaysSomethingElse) {
  error("cannot scan", {{"error", "denied"}});
  error("cannot scan", {{"error", "timeout"}});
  warn("cannot scan", {{"error", "denied"}});
  EXPECT_EQ(lines.size(), 3U);
}

TEST_F(Log, TellsTheCountEvenWhenTheErrorDoesNotReturn) {
  warn("lost");
  warn("lost");
  now += seconds{61};
  info("other");
  EXPECT_THAT(lines, ElementsAre("level=warn msg=lost", "level=warn msg=lost repeated=1",
                                 "level=info msg=other"));
}

TEST_F(Log, TellsTheCountWhenItIsFlushed) {
  warn("lost");
  warn("lost");
  warn("lost");
  flush();
  EXPECT_THAT(lines, ElementsAre("level=warn msg=lost", "level=warn msg=lost repeated=2"));
}

TEST_F(Log, RepeatsInformationAsOftenAsItIsGiven) {
  info("tick");
  info("tick");
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(Log, SpeaksAgainAfterTheClockIsSetBack) {
  warn("lost");
  now -= seconds{3600};
  warn("lost");
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(Log, KeepsLinesWholeFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 250; ++i) debug("line", {{"i", 1}});
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(lines.size(), 1000U);
  for (const auto& line : lines) EXPECT_EQ(line, "level=debug msg=line i=1");
}

TEST_F(Log, CountsWhatComesTooFastAndSaysHowMuchThatWas) {
  for (int i = 0; i < 400; ++i) info("finding opened", {{"port", i}});
  EXPECT_EQ(lines.size(), 50U);
  now += seconds{10};
  lines.clear();
  write_counts();
  EXPECT_THAT(lines, ElementsAre("level=info msg=\"finding opened\" suppressed=350"));
  info("finding opened", {{"port", 1}});
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(Log, AFloodOfOneMessageKeepsNoOtherBack) {
  for (int i = 0; i < 400; ++i) info("finding opened", {{"port", i}});
  lines.clear();
  error("configuration refused");
  EXPECT_THAT(lines, ElementsAre("level=error msg=\"configuration refused\""));
  lines.clear();
  flush();
  EXPECT_THAT(lines, ElementsAre("level=info msg=\"finding opened\" suppressed=350"));
}

TEST_F(Log, SaysHowManyLinesWereLostWhateverItsLevel) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]), writer(ends[1]), before(::dup(STDERR_FILENO));
  ASSERT_EQ(::fcntl(reader.get(), F_SETFL, O_NONBLOCK), 0);
  ASSERT_GE(::dup2(writer.get(), STDERR_FILENO), 0);
  set_up({.level = Level::error, .format = Format::logfmt, .sink = {}, .now = {}});
  for (int i = 0; i < 500; ++i) error(std::to_string(i) + std::string(1000, 'x'));
  std::string text(1 << 20, ' ');
  EXPECT_GT(::read(reader.get(), text.data(), text.size()), 0);
  error("next");
  const auto got = ::read(reader.get(), text.data(), text.size());
  ::dup2(before.get(), STDERR_FILENO);
  ASSERT_GT(got, 0);
  text.resize(static_cast<std::size_t>(got));
  EXPECT_THAT(text, HasSubstr("level=warn msg=\"log lines lost\" lines="));
  EXPECT_THAT(text, HasSubstr("level=error msg=next"));
}

TEST_F(Log, SurvivesASinkThatThrows) {
  set_up({.level = Level::info,
          .format = Format::json,
          .sink = [](std::string_view) { throw std::runtime_error("disk full"); },
          .now = {}});
  info("lost");
  SUCCEED();
}

TEST(LogOptions, NamesTheValidLevelsAndFormats) {
  EXPECT_EQ(parse_level("warn"), Level::warn);
  EXPECT_EQ(parse_level("WARN").error().message,
            "log level \"WARN\" is not one of debug, info, warn, error");
  EXPECT_EQ(parse_format("json"), Format::json);
  EXPECT_EQ(parse_format("xml").error().message, "log format \"xml\" is not one of logfmt, json");
}

}  // namespace
}  // namespace hostnet::log
