#include "agent/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "agent/log/flood.h"
#include "agent/log/line.h"
#include "agent/log/line_writer.h"
#include "agent/log/repeats.h"
#include "netlink/base/escape.h"

namespace hostnet::log {
namespace {

// Passes each finished line to a function. base_sink takes the lock.
class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> function)
      : function_(std::move(function)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    function_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> function_;
};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

WallTime system_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Token buckets use the log's own clock: a test's clock, too.
SteadyTime steady_of(WallTime now) {
  return SteadyTime(now.time_since_epoch());
}

// spdlog locks and writes; lines are formatted here, because its patterns do not
// support fields.
class Output {
 public:
  explicit Output(const Options& options)
      : level_(options.level), format_(options.format), now_(options.now) {
    if (!now_) now_ = system_now;
    auto sink = options.sink;
    if (!sink) sink = [this](std::string_view line) { stderr_.write(line); };
    logger_ = std::make_unique<spdlog::logger>("hostnet",
                                               std::make_shared<FunctionSink>(std::move(sink)));
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);  // enabled() filters, but not how many were lost
    logger_->flush_on(spdlog::level::trace);
    logger_->set_error_handler([](const std::string&) {});  // a line that fails is lost
  }

  bool enabled(Level level) const { return level >= level_; }

  void write(Level level, std::string_view message, Fields fields) {
    const std::lock_guard lock(mutex_);
    const auto now = now_();
    write_suppressed(now, flood_.due(steady_of(now)));
    std::size_t repeated = 0;
    for (const auto& event : repeats_.expired(now)) {
      if (event.is(level, message, fields)) {
        repeated = event.repeated;  // added to the line written below
      } else {
        write_repeated(now, event);
      }
    }
    if (level >= Level::warn && !repeats_.admit(now, level, message, fields)) return;
    if (!flood_.admit(steady_of(now), level, message)) return;
    if (repeated == 0) {
      write_line(now, level, message, fields);
    } else {
      write_repeated(now, {now, level, std::string(message), fields, repeated});
    }
  }

  void write_counts() {
    const std::lock_guard lock(mutex_);
    const auto now = now_();
    write_suppressed(now, flood_.due(steady_of(now)));
    for (const auto& event : repeats_.expired(now)) write_repeated(now, event);
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    const auto now = now_();
    write_suppressed(now, flood_.all());
    for (const auto& event : repeats_.all()) write_repeated(now, event);
    logger_->flush();
  }

 private:
  void write_line(WallTime now, Level level, std::string_view message,
                  std::span<const Field> fields) {
    if (const std::size_t lost = stderr_.take_lost(); lost > 0) {
      const Field count("lines", lost);
      write_line(now, Level::warn, "log lines lost", {&count, 1});
    }
    // A string_view is not taken for a format string.
    logger_->log(spdlog_level(level),
                 spdlog::string_view_t(format_line(format_, now, level, message, fields)));
  }

  void write_suppressed(WallTime now, const std::vector<Flood::Count>& counts) {
    for (const Flood::Count& count : counts) {
      const Field field("suppressed", count.suppressed);
      write_line(now, count.level, count.message, {&field, 1});
    }
  }

  void write_repeated(WallTime now, const Repeats::Event& event) {
    auto fields = event.fields;
    fields.emplace_back("repeated", event.repeated);
    write_line(now, event.level, event.message, fields);
  }

  Level level_;
  Format format_;
  std::function<WallTime()> now_;
  LineWriter stderr_{STDERR_FILENO};
  std::unique_ptr<spdlog::logger> logger_;
  std::mutex mutex_;
  Repeats repeats_;
  Flood flood_;
};

// A shared_ptr, so that set_up() may replace it while another thread writes.
struct Current {
  std::mutex mutex;
  std::shared_ptr<Output> output = std::make_shared<Output>(Options{});
};

Current& current() {
  static Current the_one;
  return the_one;
}

std::shared_ptr<Output> output() {
  auto& held = current();
  const std::lock_guard lock(held.mutex);
  return held.output;
}

}  // namespace

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "info";
}

Result<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::debug, Level::info, Level::warn, Level::error}) {
    if (text == to_string(level)) return level;
  }
  return failure(Reason::malformed, "log level \"" + terminal_text(text.substr(0, 64)) +
                                        "\" is not one of debug, info, warn, error");
}

Result<Format> parse_format(std::string_view text) {
  if (text == "logfmt") return Format::logfmt;
  if (text == "json") return Format::json;
  return failure(Reason::malformed, "log format \"" + terminal_text(text.substr(0, 64)) +
                                        "\" is not one of logfmt, json");
}

void set_up(const Options& options) {
  auto fresh = std::make_shared<Output>(options);
  auto& held = current();
  const std::lock_guard lock(held.mutex);
  held.output = std::move(fresh);
}

void flush() {
  output()->flush();
}

void write_counts() {
  output()->write_counts();
}

void complain(std::string_view why) {
  const std::string line = "hostnet-agent: " + terminal_text(why) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool enabled(Level level) {
  return output()->enabled(level);
}

void write(Level level, std::string_view message, Fields fields) noexcept {
  try {
    const auto to = output();
    if (to->enabled(level)) to->write(level, message, fields);
  } catch (const std::exception&) {
    return;  // out of memory while logging: the line is lost
  }
}

}  // namespace hostnet::log
