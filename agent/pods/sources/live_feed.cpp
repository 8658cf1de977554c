#include "agent/pods/sources/live_feed.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "netlink/base/backoff.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kGraceForRequest{5};
constexpr std::chrono::milliseconds kStopAgainEvery{50};

using Problems = std::map<std::string, std::string>;  // by choice

std::vector<LiveProblem> in_order(const Problems& problems,
                                  const std::vector<LiveChoice>& choices) {
  std::vector<LiveProblem> ordered;
  for (const LiveChoice& choice : choices) {
    const auto found = problems.find(choice.name);
    if (found == problems.end()) continue;
    ordered.push_back({.source = found->first, .why = found->second});
  }
  return ordered;
}

}  // namespace

LiveState read_live_sources(const std::vector<LiveChoice>& choices) {
  LiveState state;
  state.all_failed = true;
  Problems problems;
  for (const LiveChoice& choice : choices) {
    auto source = choice.make();
    if (!source) {
      problems[choice.name] = source.error().message;
      continue;
    }
    (*source)->step(0, [&](LivePods pods) { state.shown = std::move(pods); });
    if ((*source)->freshness().last_heard) {
      state.all_failed = false;
      break;
    }
    problems[choice.name] = (*source)->freshness().problem;
  }
  state.problems = in_order(problems, choices);
  return state;
}

// Outlives the feed if its thread has to be abandoned.
struct LiveFeed::Shared {
  explicit Shared(LivePace live_pace) : pace(live_pace) {}

  std::vector<LiveChoice> choices;
  LivePace pace;

  std::mutex mutex;
  std::condition_variable changed;
  // All below is under the mutex.
  std::function<void()> on_change;
  bool stopping{};
  LiveSource* running{};
  LiveState state;
  Problems problems;
  std::size_t failed_turns{};

  void run();
  void take_turn(const LiveChoice& choice);
  // False: it is time to end.
  bool wait(std::chrono::milliseconds pause);
  void publish(const std::string& name, LivePods pods);
  void unusable(const LiveChoice& choice, const std::string& why);
  void tell();

 private:
  bool all_failed() {
    const std::scoped_lock lock(mutex);
    return failed_turns >= choices.size();
  }

  Backoff rounds_{pace.retry};
  std::mt19937_64 random_{std::random_device{}()};
};

bool LiveFeed::Shared::wait(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, pause, [this] { return stopping; });
  return !stopping;
}

// Under the mutex, so that the feed's destructor can take on_change away.
void LiveFeed::Shared::tell() {
  state.all_failed = failed_turns >= choices.size();
  state.problems = in_order(problems, choices);
  if (on_change) on_change();
}

void LiveFeed::Shared::publish(const std::string& name, LivePods pods) {
  const std::scoped_lock lock(mutex);
  const bool answers = pods.freshness.last_heard.has_value();
  const bool works = answers && pods.freshness.failures == 0;
  if (works) failed_turns = 0;
  if (pods.freshness.problem.empty()) {
    problems.erase(name);
  } else {
    problems[name] = pods.freshness.problem;
  }
  // What was known is better than nothing: it stays until something answers.
  if (answers || !state.shown.freshness.last_heard) {
    state.shown = std::move(pods);
    state.abandoned = false;
  } else {
    state.abandoned = true;
  }
  tell();
}

void LiveFeed::Shared::unusable(const LiveChoice& choice, const std::string& why) {
  const std::scoped_lock lock(mutex);
  problems[choice.name] = why;
  ++failed_turns;
  if (state.shown.source.empty()) state.shown.source = choice.name;
  if (state.shown.freshness.last_heard) state.abandoned = true;
  tell();
}

void LiveFeed::Shared::take_turn(const LiveChoice& choice) {
  auto source = choice.make();
  if (!source) {
    unusable(choice, source.error().message);
    return;
  }
  {
    const std::scoped_lock lock(mutex);
    if (stopping) return;
    running = source->get();
  }
  std::uniform_real_distribution<double> fraction(0.0, 1.0);
  bool told = false;
  while (true) {
    const auto pause = (*source)->step(
        fraction(random_), [&](LivePods pods) { publish(choice.name, std::move(pods)); });
    if (!wait(pause)) break;
    if (!(*source)->freshness().turn_is_over(std::chrono::steady_clock::now())) continue;
    if (!std::exchange(told, true)) {
      const std::scoped_lock lock(mutex);
      ++failed_turns;
      tell();
    }
    // The only one keeps its turn: where it was in its watch is worth keeping.
    if (choices.size() > 1) break;
  }
  const std::scoped_lock lock(mutex);
  running = nullptr;
}

void LiveFeed::Shared::run() {
  std::uniform_real_distribution<double> fraction(0.0, 1.0);
  if (wait(std::chrono::duration_cast<std::chrono::milliseconds>(pace.start_spread *
                                                                 fraction(random_)))) {
    for (std::size_t turn = 0;; ++turn) {
      {
        const std::scoped_lock lock(mutex);
        if (stopping) break;
      }
      take_turn(choices[turn % choices.size()]);
      // Once round in vain: slower and slower.
      if (!all_failed()) {
        rounds_.reset();
      } else if ((turn + 1) % choices.size() == 0) {
        wait(rounds_.next(fraction(random_)));
      }
    }
  }
}

LiveFeed::LiveFeed(std::vector<LiveChoice> choices, LivePace pace, std::function<void()> on_change)
    : shared_(std::make_shared<Shared>(pace)) {
  shared_->state.shown.source = choices.front().name;
  shared_->choices = std::move(choices);
  shared_->on_change = std::move(on_change);
  const auto given = worker_.give([shared = shared_] { shared->run(); });
  if (given) return;
  for (const LiveChoice& choice : shared_->choices) {
    shared_->unusable(choice, given.error().message);
  }
}

LiveFeed::~LiveFeed() {
  const auto until = std::chrono::steady_clock::now() + kGraceForRequest;
  do {
    const std::scoped_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->on_change = nullptr;
    shared_->changed.notify_all();
    if (shared_->running != nullptr) shared_->running->stop();
  } while (!worker_.wait_for(kStopAgainEvery) && std::chrono::steady_clock::now() < until);
}

LiveState LiveFeed::state() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->state;
}

}  // namespace hostnet
