#include "agent/pods/sources/source_selector.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "agent/kube/backoff.h"

namespace hostnet {
namespace {

constexpr std::chrono::seconds kGraceForRequest{5};
constexpr std::chrono::milliseconds kStopAgainEvery{50};

using Problems = std::map<std::string, std::string>;  // by choice

std::vector<SourceProblem> in_order(const Problems& problems,
                                    const std::vector<SourceChoice>& choices) {
  std::vector<SourceProblem> ordered;
  for (const SourceChoice& choice : choices) {
    const auto found = problems.find(choice.name);
    if (found == problems.end()) continue;
    ordered.push_back({.source = found->first, .why = found->second});
  }
  return ordered;
}

}  // namespace

SelectedSource read_sources_once(const std::vector<SourceChoice>& choices) {
  SelectedSource state;
  state.all_failed = true;
  Problems problems;
  for (const SourceChoice& choice : choices) {
    auto source = choice.make();
    if (!source) {
      problems[choice.name] = source.error().message;
      continue;
    }
    (*source)->step(0, [&](SourceSnapshot pods) { state.shown = std::move(pods); });
    if ((*source)->freshness().last_heard) {
      state.all_failed = false;
      break;
    }
    problems[choice.name] = (*source)->freshness().problem;
  }
  state.problems = in_order(problems, choices);
  return state;
}

// Outlives the selector if its thread has to be abandoned.
struct SourceSelector::Shared {
  std::vector<SourceChoice> choices;
  SourcePace pace;

  std::mutex mutex;
  std::condition_variable changed;
  // Everything below is guarded by the mutex.
  std::function<void()> on_change;
  bool stopping{};
  PodSource* running{};
  SelectedSource state;
  Problems problems;
  std::size_t failed_turns{};

  void run();
  void take_turn(const SourceChoice& choice);
  // False: stop.
  bool wait(std::chrono::milliseconds pause);
  void publish(const std::string& name, SourceSnapshot pods);
  void unusable(const SourceChoice& choice, const std::string& why);
  void tell();

 private:
  bool all_failed() {
    const std::scoped_lock lock(mutex);
    return failed_turns >= choices.size();
  }
};

bool SourceSelector::Shared::wait(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, pause, [this] { return stopping; });
  return !stopping;
}

// Called with the mutex locked, so that the destructor can reset on_change.
void SourceSelector::Shared::tell() {
  state.all_failed = failed_turns >= choices.size();
  state.problems = in_order(problems, choices);
  if (on_change) on_change();
}

void SourceSelector::Shared::publish(const std::string& name, SourceSnapshot pods) {
  const std::scoped_lock lock(mutex);
  const bool answers = pods.freshness.last_heard.has_value();
  const bool works = answers && pods.freshness.failures == 0;
  if (works) failed_turns = 0;
  if (pods.freshness.problem.empty()) {
    problems.erase(name);
  } else {
    problems[name] = pods.freshness.problem;
  }
  // The last known pods stay until a source answers: better than nothing.
  if (answers || !state.shown.freshness.last_heard) {
    state.shown = std::move(pods);
    state.abandoned = false;
  } else {
    state.abandoned = true;
  }
  tell();
}

void SourceSelector::Shared::unusable(const SourceChoice& choice, const std::string& why) {
  const std::scoped_lock lock(mutex);
  problems[choice.name] = why;
  ++failed_turns;
  if (state.shown.source.empty()) state.shown.source = choice.name;
  if (state.shown.freshness.last_heard) state.abandoned = true;
  tell();
}

void SourceSelector::Shared::take_turn(const SourceChoice& choice) {
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
  bool told = false;
  while (true) {
    const auto pause = (*source)->step(
        random_share(), [&](SourceSnapshot pods) { publish(choice.name, std::move(pods)); });
    if (!wait(pause)) break;
    if (!(*source)->freshness().turn_is_over(std::chrono::steady_clock::now())) continue;
    if (!std::exchange(told, true)) {
      const std::scoped_lock lock(mutex);
      ++failed_turns;
      tell();
    }
    // The only source keeps its turn: its position in the watch is worth keeping.
    if (choices.size() > 1) break;
  }
  const std::scoped_lock lock(mutex);
  running = nullptr;
}

void SourceSelector::Shared::run() {
  if (pace.on_thread) pace.on_thread();
  Backoff rounds(pace.retry);
  if (wait(std::chrono::duration_cast<std::chrono::milliseconds>(pace.start_spread *
                                                                 random_share()))) {
    for (std::size_t turn = 0;; ++turn) {
      {
        const std::scoped_lock lock(mutex);
        if (stopping) break;
      }
      take_turn(choices[turn % choices.size()]);
      // After a full round of failures: wait longer each time.
      if (!all_failed()) {
        rounds.reset();
      } else if ((turn + 1) % choices.size() == 0) {
        wait(rounds.next(random_share()));
      }
    }
  }
}

SourceSelector::SourceSelector() : shared_(std::make_shared<Shared>()) {}

Result<std::unique_ptr<SourceSelector>> SourceSelector::start(std::vector<SourceChoice> choices,
                                                              SourcePace pace,
                                                              std::function<void()> on_change) {
  std::unique_ptr<SourceSelector> selector(new SourceSelector);
  Shared& shared = *selector->shared_;
  shared.state.shown.source = choices.front().name;
  shared.choices = std::move(choices);
  shared.pace = std::move(pace);
  shared.on_change = std::move(on_change);
  auto given = selector->worker_.give([kept = selector->shared_] { kept->run(); });
  if (!given) return std::unexpected(std::move(given).error());
  return selector;
}

SourceSelector::~SourceSelector() {
  const auto until = std::chrono::steady_clock::now() + kGraceForRequest;
  do {
    const std::scoped_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->on_change = nullptr;
    shared_->changed.notify_all();
    if (shared_->running != nullptr) shared_->running->stop();
  } while (!worker_.wait_for(kStopAgainEvery) && std::chrono::steady_clock::now() < until);
}

SelectedSource SourceSelector::state() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->state;
}

}  // namespace hostnet
