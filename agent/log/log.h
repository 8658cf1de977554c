#pragma once

// The agent's log: one line per event on stderr, logfmt or JSON, for people and
// for log collectors. Libraries return errors; the agent logs once, where
// it handles them.
//
//   log::info("finding opened", {{"verdict", "other_pod"}, {"port", "8080/tcp"}});
//   time=2026-11-21T20:00:00.123Z level=info msg="finding opened" verdict=other_pod port=8080/tcp

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "netlink/base/clock.h"
#include "netlink/base/error.h"

namespace hostnet::log {

enum class Level { debug, info, warn, error };
std::string_view to_string(Level level);
// The error is Reason::malformed and has the text and the valid levels (--log.level).
Result<Level> parse_level(std::string_view text);

enum class Format { logfmt, json };
Result<Format> parse_format(std::string_view text);

// A key and its value. Keys are ours: lower case, no blanks. Values may have any content: a line
// stays one line and valid UTF-8. Numbers and booleans keep their type in JSON.
struct Field {
  Field(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  Field(std::string_view field_key, const char* text) : key(field_key), value(text) {}
  Field(std::string_view field_key, const std::string& text) : key(field_key), value(text) {}
  Field(std::string_view field_key, bool yes)
      : key(field_key), value(yes ? "true" : "false"), bare(true) {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  Field(std::string_view field_key, Number number)
      : key(field_key), value(std::to_string(number)), bare(true) {}

  std::string key, value;
  bool bare{};  // a number or a boolean
  bool operator==(const Field&) const = default;
};
using Fields = std::initializer_list<Field>;

struct Options {
  Level level{Level::info};
  Format format{Format::logfmt};
  // Receives the lines, without newlines; called by one thread at a time. Unset: stderr.
  std::function<void(std::string_view line)> sink;
  // Unset: the system clock.
  std::function<WallTime()> now;
};

// Call once, before other threads log; again to change everything (tests, reload). Before that it
// logs at level info as logfmt on stderr.
void set_up(const Options& options);
// Writes all pending counts, see write().
void flush();
// Writes the counts that are due, see write(): call it now and then.
void write_counts();

// Writes one line to stderr for a person: why the program ends. Unprintable characters are escaped.
void complain(std::string_view why);

bool enabled(Level level);

// Thread safe, never throws, never fails, never waits for a reader of stderr longer than a tenth of
// a second (unless that is a terminal: line_writer.h): a line that cannot be written is lost, and
// counted by "log lines lost", whatever the level of the log. A warning or
// error that repeats one of the last 60 seconds (message and all fields) is only counted; with the
// first line after those 60 seconds, or by flush() or write_counts(), it is written once more with
// repeated=N. Of one message, whatever its fields, 50 lines are written at once and then one every
// 5 seconds; every 10 seconds a line reports how many were suppressed (suppressed=N). Lines at
// level debug are never suppressed.
void write(Level level, std::string_view message, Fields fields) noexcept;

inline void debug(std::string_view message, Fields fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  write(Level::warn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace hostnet::log
