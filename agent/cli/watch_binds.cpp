#include "agent/cli/watch_binds.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <vector>

#include "agent/binds/bind_watch.h"
#include "agent/cli/answers.h"
#include "agent/log/log.h"
#include "agent/render/exit_codes.h"
#include "agent/render/history.h"
#include "agent/render/json/json.h"
#include "agent/render/json_reading.h"
#include "agent/watch/watch.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr auto kAskEvery = 300ms;
constexpr auto kPodsKeep = 5s;

std::string port_of(const Json& object) {
  return fmt::format("{}/{}", number_at(object, "port"), text_at(object, "protocol"));
}

std::string who_was_refused(const Json& refused) {
  std::string name = text_at(refused, "pod");
  if (!name.empty()) name = fmt::format("{}/{} ", text_at(refused, "namespace"), name);
  if (name.empty() && !text_at(refused, "unit").empty()) name = text_at(refused, "unit") + " ";
  const std::string pid = number_at(refused, "pid");
  return name + text_at(refused, "comm") + (pid.empty() ? "" : fmt::format("[{}]", pid));
}

std::string refusal_line(const Json& refused) {
  std::string line =
      fmt::format("{}  refused  {}  {}  {}", text_at(refused, "last"), port_of(refused),
                  text_at(refused, "errno"), who_was_refused(refused));
  if (const auto times = number_at(refused, "count"); times != "1") {
    line += fmt::format(" ({} times)", times);
  }
  std::string names;
  for (const Json& holder : refused.value("held_by", Json::array())) {
    names += (names.empty() ? "; held by " : ", ") + text_at(holder, "name");
  }
  const auto gone = number_at(refused, "gone_after_ms");
  return line + names + (gone.empty() ? "" : fmt::format(", gone {} ms later", gone));
}

std::string event_line(const Json& event) {
  const Json finding = event.value("finding", Json::object());
  return fmt::format("{}  {}  {}  {}  {}  {}", text_at(event, "at"), text_at(event, "event"),
                     text_at(finding, "severity"), port_of(finding), text_at(finding, "verdict"),
                     text_at(finding, "explanation"));
}

// The entries of the running agent's answers that the previous answer did not have.
class News {
 public:
  // `history` has the newest first, the result has them last.
  std::vector<std::string> of(const Json& history) {
    std::vector<std::string> lines;
    std::set<std::string> now;
    for (const char* list : {"refusals", "events"}) {
      const Json entries = history.value(list, Json::array());
      for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        std::string text = entry->dump(-1, ' ', false, Json::error_handler_t::replace);
        if (!seen_.contains(text)) lines.push_back(text);
        now.insert(std::move(text));
      }
    }
    seen_ = std::move(now);
    return lines;
  }

 private:
  std::set<std::string> seen_;
};

int print_line(std::string_view json, const CommandOptions& options) {
  return print_answer(watch_line(json, options.format) + "\n", 0);
}

// Unset: no agent is running.
std::optional<int> watch_agent(const CommandOptions& options) {
  CommandOptions asked = options;
  asked.format = OutputFormat::json;
  asked.style = {};
  News news;
  for (bool first = true;; first = false) {
    const auto answer = history_answer(asked);
    if (!answer && first) return std::nullopt;
    if (!answer) {
      log::complain(answer.error().message);
      return kIncompleteExit;
    }
    const auto lines = news.of(Json::parse(answer->text, nullptr, false));
    for (const std::string& line : lines) {
      if (first) break;  // from before the call
      if (const int code = print_line(line, options); code != 0) return code;
    }
    std::this_thread::sleep_for(kAskEvery);
  }
}

// Lines from several threads for one writer.
class Lines {
 public:
  void add(std::string line) {
    constexpr std::size_t kMost = 10'000;  // for a reader that does not keep up
    const std::scoped_lock lock(mutex_);
    if (lines_.size() < kMost) lines_.push_back(std::move(line));
    there_.notify_one();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    there_.wait(lock, [this] { return !lines_.empty(); });
    std::string line = std::move(lines_.front());
    lines_.pop_front();
    return line;
  }

 private:
  std::mutex mutex_;
  std::condition_variable there_;
  std::deque<std::string> lines_;
};

// The pods of one source, read again when they are old.
class RecentPods {
 public:
  RecentPods(const ScanSources& sources, ScanInputs inputs)
      : sources_(sources), inputs_(std::move(inputs)), pods_(inputs_.pods) {}

  std::shared_ptr<const PodSnapshot> get() {
    const std::scoped_lock lock(mutex_);
    const auto& clock = *inputs_.node_context.node->clock;
    if (clock.steady() >= next_) {
      next_ = clock.steady() + kPodsKeep;
      if (auto pods = pods_now(sources_, inputs_.node_context.node_name, clock.wall())) {
        pods_ = *std::move(pods);
      }
    }
    return pods_;
  }

 private:
  const ScanSources sources_;
  const ScanInputs inputs_;
  std::mutex mutex_;
  std::shared_ptr<const PodSnapshot> pods_;
  SteadyTime next_;
};

WatchSettings watch_settings(const std::shared_ptr<RecentPods>& pods, Lines& lines,
                             const std::shared_ptr<const Policy>& policy) {
  WatchSettings settings;
  settings.pods = [pods] { return pods->get(); };
  settings.policy = [policy] { return policy; };
  settings.on_events = [&lines](std::span<const FindingEvent> events) {
    for (const FindingEvent& event : events) lines.add(finding_event_json(event));
  };
  settings.on_report = [](const std::shared_ptr<const Report>& /*report*/,
                          const TickStats& /*stats*/) {};
  return settings;
}

BindWatchSettings bind_settings(const std::shared_ptr<RecentPods>& pods, Lines& lines,
                                const std::shared_ptr<const Policy>& policy,
                                const std::shared_ptr<WakeUp>& news) {
  return {
      .pods = [pods] { return pods->get(); },
      .node_components = [policy] { return policy->node_components; },
      .on_refused = [&lines](const RefusedBind& refused) { lines.add(refused_bind_json(refused)); },
      .on_news = [news] { news->wake(); },
      .on_detached = [] { log::complain(detached_bind_events().message); }};
}

int watch_by_itself(const CommandOptions& options) {
  auto opened = open_bind_events(options.bpf, options.sources.node.paths);
  if (opened.limit) log::complain(opened.limit->message + ": " + opened.limit->remedy);
  auto node = open_node(options.sources.node);
  if (!node) return could_not(node.error());
  node->bind_events = opened.events;
  auto inputs = read_scan_inputs(options.sources, *std::move(node));
  if (!inputs) return could_not(inputs.error());
  Lines lines;
  const NodeContext context = inputs->node_context;
  const auto policy = std::make_shared<const Policy>(inputs->policy);
  const auto pods = std::make_shared<RecentPods>(options.sources, *std::move(inputs));
  WatchSettings settings = watch_settings(pods, lines, policy);
  std::unique_ptr<BindWatch> binds;
  if (opened.events) {
    auto created = WakeUp::create();
    if (!created) return could_not(created.error());
    const auto news = std::make_shared<WakeUp>(*std::move(created));
    auto started = BindWatch::start(context.node, bind_settings(pods, lines, policy, news));
    if (!started) return could_not(started.error());
    binds = *std::move(started);
    settings.news = news;
    settings.refusals = [&binds](const PodIndex& index, bool certain, WallTime now) {
      return binds->refusals(index, certain, now);
    };
  }
  const auto watch = Watch::start(context, std::move(settings));
  if (!watch) return could_not(watch.error());
  while (true) {
    if (const int code = print_line(lines.next(), options); code != 0) return code;
  }
}

}  // namespace

std::string watch_line(std::string_view json, OutputFormat format) {
  const Json entry = Json::parse(json, nullptr, false);
  if (!entry.is_object()) return "";
  const bool event = entry.contains("finding");
  if (format != OutputFormat::json) {
    return terminal_text(event ? event_line(entry) : refusal_line(entry));
  }
  Json typed{{"type", event ? "finding" : "refusal"}};
  typed.update(entry);
  return typed.dump(-1, ' ', false, Json::error_handler_t::replace);
}

int run_watch(const CommandOptions& options) {
  if (options.from != AnswerFrom::scan) {
    if (const auto code = watch_agent(options)) return *code;
    if (options.from == AnswerFrom::agent) {
      return could_not({Reason::vanished, 0, "no agent runs here that could be asked"});
    }
  }
  return watch_by_itself(options);
}

}  // namespace hostnet
