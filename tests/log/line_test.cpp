#include "agent/log/line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

namespace hostnet::log {
namespace {

// 2026-11-21T20:00:00.123Z
constexpr WallTime kThen{std::chrono::milliseconds{1'795'291'200'123}};

std::string logfmt(std::string_view message, std::vector<Field> fields = {}) {
  return format_line(Format::logfmt, kThen, Level::info, message, fields);
}

std::string json(std::string_view message, std::vector<Field> fields = {}) {
  return format_line(Format::json, kThen, Level::warn, message, fields);
}

TEST(LogfmtLine, HasTimeLevelMessageAndFieldsInOrder) {
  EXPECT_EQ(logfmt("finding opened", {{"verdict", "other_pod"}, {"port", "8080/tcp"}, {"n", 3}}),
            "time=2026-11-21T20:00:00.123Z level=info msg=\"finding opened\" verdict=other_pod "
            "port=8080/tcp n=3");
}

TEST(LogfmtLine, QuotesWhatWouldBreakTheFields) {
  EXPECT_EQ(logfmt("up", {{"a", ""}, {"b", "x=y"}, {"c", "say \"hi\""}, {"d", "c:\\x"}}),
            "time=2026-11-21T20:00:00.123Z level=info msg=up a=\"\" b=\"x=y\" "
            "c=\"say \\\"hi\\\"\" d=\"c:\\\\x\"");
}

TEST(LogfmtLine, StaysOneLineWhateverAProcessCallsItself) {
  EXPECT_EQ(logfmt("up", {{"comm", "a\nlevel=error\x1b[31m"}}),
            "time=2026-11-21T20:00:00.123Z level=info msg=up "
            "comm=\"a\\nlevel=error\\x1b[31m\"");
}

TEST(LogfmtLine, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(logfmt("up", {{"comm",
                           "a\xff"
                           "b"}}),
            "time=2026-11-21T20:00:00.123Z level=info msg=up comm=\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(LogfmtLine, AFieldCannotPassForTheLevel) {
  EXPECT_EQ(logfmt("up", {{"level", "error"}, {"two words", "x"}}),
            "time=2026-11-21T20:00:00.123Z level=info msg=up field_level=error two_words=x");
}

TEST(JsonLine, KeepsNumbersAndBooleans) {
  EXPECT_EQ(json("slow", {{"ms", -12}, {"stale", true}, {"port", "80"}}),
            R"({"time":"2026-11-21T20:00:00.123Z","level":"warn","msg":"slow","ms":-12,)"
            R"("stale":true,"port":"80"})");
}

TEST(JsonLine, ParsesAgainWithHostileValues) {
  const auto line = json("a\nb", {{"comm", "\x1b[0m\"}\xfe"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["msg"], "a\nb");
  EXPECT_EQ(parsed["comm"], "\x1b[0m\"}\xEF\xBF\xBD");
}

}  // namespace
}  // namespace hostnet::log
