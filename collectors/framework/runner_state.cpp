#include "collectors/framework/runner_state.h"

#include <pthread.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "collectors/framework/families.h"

namespace hostnet {
namespace {

using RealClock = std::chrono::steady_clock;

double seconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

// Collectors promise not to throw; one that runs out of memory does.
Result<std::vector<MetricSource>> collect_guarded(const Collect& collect, Scrape& scrape) {
  try {
    return collect(scrape);
  } catch (const std::exception& error) {
    return failure(Reason::internal, std::string("collecting: ") + error.what());
  }
}

bool covers(const CollectorFilter& run, const CollectorFilter& asked) {
  for (std::size_t i = 0; i < asked.wanted.size(); ++i) {
    if (asked.wanted[i] && !run.wanted[i]) return false;
  }
  return true;
}

Error too_late(const std::string& what) {
  return failure(Reason::timeout, what).error();
}

}  // namespace

CollectorRunner::State::State(std::shared_ptr<const Node> node, std::vector<CollectorSlot> slots,
                              std::vector<std::string> disabled, RunnerSettings settings)
    : node_(std::move(node)),
      disabled_(std::move(disabled)),
      settings_(std::move(settings)),
      slots_(std::move(slots)) {}

Result<> CollectorRunner::State::start_worker_now() {
  const Lock lock(mutex_);
  return start_worker();
}

Result<> CollectorRunner::State::start_worker() {
  const std::uint64_t id = ++last_id_;
  try {
    std::thread thread([self = shared_from_this(), id] { self->worker(id); });
    pthread_setname_np(thread.native_handle(), "collectors");
    thread.detach();  // it holds this; one that hangs could never be joined
  } catch (const std::system_error& error) {
    return system_failure(error.code().value(), "starting a thread for the collectors");
  }
  worker_ = id;
  return {};
}

void CollectorRunner::State::worker(std::uint64_t id) {
  Lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stopping_ || (run_ && run_->owner == 0); });
    if (stopping_) break;
    const auto run = run_;
    run->owner = id;
    if (work_off(lock, *run, id)) continue;
    // Left behind, and back. Goes on where nobody took its place.
    --abandoned_;
    if (stopping_ || worker_ != 0) break;
    worker_ = id;
    changed_.notify_all();
  }
  if (worker_ == id) worker_ = 0;
  changed_.notify_all();
}

// Runs what is left of a run; false when it was taken from this thread.
bool CollectorRunner::State::work_off(Lock& lock, CollectorRun& run, std::uint64_t id) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!run.filter.wanted[i] || run.finished[i]) continue;
    CollectorSlot& slot = slots_[i];
    auto& finished = run.finished[i].emplace();
    finished.outcome.name = slot.name;
    if (slot.running) {
      finished.outcome.error = too_late(slot.name + ": still running since an earlier scrape");
      continue;
    }
    const RealTime start = RealClock::now();
    if (start >= run.deadline) {
      finished.outcome.error = too_late(slot.name + ": the scrape's time was over");
      finished.cut = true;
      continue;
    }
    run.finished[i].reset();
    const bool last = std::find(run.filter.wanted.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                run.filter.wanted.end(), true) == run.filter.wanted.end();
    const auto left = run.deadline - start;
    const auto allowed =
        std::min<std::chrono::nanoseconds>(settings_.collector_timeout, last ? left : left / 2);
    run.current = i;
    run.current_start = start;
    run.current_deadline = start + allowed;
    slot.running = true;
    const auto scrape = run.scrape;
    lock.unlock();

    const SteadyTime begun = node_->clock->steady();
    scrape->set_deadline(begun + allowed);
    auto result = collect_guarded(slot.collect, *scrape);
    const auto shared = scrape->take_shared_seconds();
    const double seconds = seconds_between(begun, node_->clock->steady()) - shared.value_or(0);
    CollectorRun::Finished mine{
        .outcome = {.name = slot.name, .seconds = std::max(seconds, 0.0), .error = {}},
        .sources = {},
        .cut = false};
    if (result) {
      mine.sources = std::make_shared<const std::vector<MetricSource>>(std::move(*result));
    } else {
      mine.outcome.error = std::move(result).error();
    }

    lock.lock();
    slot.running = false;
    if (run.owner != id) return false;
    if (shared) run.reads.push_back({"links", *shared});
    run.current.reset();
    run.finished[i] = std::move(mine);
  }
  run.done = true;
  if (run_.get() == &run) run_.reset();
  // Not under the lock: who wakes would only wait for it.
  lock.unlock();
  changed_.notify_all();
  lock.lock();
  return true;
}

bool CollectorRunner::State::have_worker() {
  if (worker_ != 0) return true;
  return abandoned_ <= settings_.abandoned_limit && start_worker().has_value();
}

void CollectorRunner::State::begin_run(CollectorFilter filter, RealTime deadline) {
  run_ = std::make_shared<CollectorRun>();
  run_->filter = std::move(filter);
  run_->deadline = deadline;
  run_->finished.resize(slots_.size());
  run_->scrape = std::make_shared<RunScrape>(node_, settings_.read_links);
}

// Whoever waits calls this: takes the run from a collector that is late and
// ends a run whose time is over.
void CollectorRunner::State::watch(CollectorRun& run, RealTime now) {
  if (run.done) return;
  if (run.current && now >= run.current_deadline) leave_behind(run, now);
  if (!run.done && now >= run.deadline) end_run(run, too_late("the scrape's time was over"));
}

void CollectorRunner::State::leave_behind(CollectorRun& run, RealTime now) {
  const std::size_t late = *run.current;
  auto& finished = run.finished[late].emplace();
  finished.outcome.name = slots_[late].name;
  finished.outcome.seconds = std::chrono::duration<double>(now - run.current_start).count();
  finished.outcome.error = too_late(slots_[late].name + ": did not finish in time");
  run.current.reset();
  run.owner = 0;
  run.scrape = run.scrape->successor();
  worker_ = 0;
  ++abandoned_;
  if (abandoned_ > settings_.abandoned_limit) {
    end_run(run, too_late("too many collectors hang"));
  } else if (const auto started = start_worker(); !started) {
    end_run(run, started.error());
  }
}

void CollectorRunner::State::end_run(CollectorRun& run, const Error& unfinished) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!run.filter.wanted[i] || run.finished[i]) continue;
    auto& finished = run.finished[i].emplace();
    finished.outcome.name = slots_[i].name;
    finished.outcome.error = unfinished;
    finished.outcome.error->message = slots_[i].name + ": " + unfinished.message;
    finished.cut = true;
  }
  // A worker that is inside a collector is late with it by now (watch() saw to
  // that); one that is between two will find the run over.
  run.done = true;
  if (run_.get() == &run) run_.reset();
  changed_.notify_all();
}

// Until the run is done or `deadline`, watching over it meanwhile. Nobody wakes
// a waiter when the next collector begins: each one's time ends later than that
// of the one before it, so waking when the earlier ends is soon enough.
void CollectorRunner::State::wait(Lock& lock, CollectorRun& run, RealTime deadline) {
  while (!run.done) {
    RealTime until = std::min(deadline, run.deadline);
    if (run.current) {
      until = std::min(until, run.current_deadline);
    } else {
      const RealTime now = RealClock::now();
      const auto half = std::max<std::chrono::nanoseconds>((run.deadline - now) / 2,
                                                           std::chrono::milliseconds{1});
      until = std::min(until, now + std::min(half, settings_.collector_timeout));
    }
    changed_.wait_until(lock, until);
    const RealTime now = RealClock::now();
    watch(run, now);
    if (now >= deadline) return;
  }
}

CollectedFamilies CollectorRunner::State::collect(CollectorFilter filter,
                                                  std::chrono::nanoseconds budget,
                                                  std::function<void()> meanwhile) {
  filter.wanted.resize(slots_.size());
  const RealTime deadline = RealClock::now() + std::min(budget, settings_.scrape_timeout);
  auto collected = collect_by(deadline, filter, meanwhile);
  if (meanwhile) meanwhile();  // there was nothing to wait for
  return collected;
}

// Empties `meanwhile` when it calls it.
CollectedFamilies CollectorRunner::State::collect_by(RealTime deadline,
                                                     const CollectorFilter& filter,
                                                     std::function<void()>& meanwhile) {
  Lock lock(mutex_);
  const auto wait_for = [&](CollectorRun& run) {
    if (meanwhile) {
      lock.unlock();
      std::exchange(meanwhile, nullptr)();
      lock.lock();
    }
    wait(lock, run, deadline);
  };
  while (true) {
    if (const auto run = run_; run && covers(run->filter, filter)) {
      wait_for(*run);
      // Another scrape's shorter time cut it short: ask again.
      const bool cut = std::ranges::any_of(run->finished, [&](const auto& finished) {
        const auto slot = static_cast<std::size_t>(&finished - run->finished.data());
        return filter.wanted[slot] && finished && finished->cut;
      });
      if (cut && run->deadline < deadline && RealClock::now() < deadline) continue;
      return assemble(filter, run.get());
    }
    if (run_) {
      const auto other = run_;
      wait_for(*other);
    } else if (!have_worker()) {
      return assemble(filter, nullptr);
    } else {
      begin_run(filter, deadline);
      const auto run = run_;
      lock.unlock();
      work_.notify_one();
      lock.lock();
      wait_for(*run);
      lock.unlock();
      observe(*run);
      lock.lock();
      return assemble(filter, run.get());
    }
    if (RealClock::now() >= deadline) return assemble(filter, nullptr);
  }
}

// Under the lock: a run that is not done still changes.
CollectedFamilies CollectorRunner::State::assemble(const CollectorFilter& filter,
                                                   const CollectorRun* run) const {
  CollectedFamilies collected;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!filter.wanted[i]) continue;
    if (run != nullptr && run->finished[i]) {
      collected.outcomes.push_back(run->finished[i]->outcome);
      if (run->finished[i]->sources) collected.parts.push_back(run->finished[i]->sources);
    } else {
      const std::string& name = slots_[i].name;
      collected.outcomes.push_back(
          {.name = name, .seconds = 0, .error = too_late(name + ": did not finish in time")});
    }
  }
  auto outcomes = std::make_shared<const std::vector<CollectorOutcome>>(collected.outcomes);
  auto own = std::make_shared<std::vector<MetricSource>>();
  own->push_back(per_item("node_scrape_collector_duration_seconds",
                          "How long the collector took, without reads it shares with others.",
                          kGauge, outcomes, [](auto& family, const CollectorOutcome& outcome) {
                            add_sample(family, {{"collector", outcome.name}}, outcome.seconds);
                          }));
  own->push_back(per_item("node_scrape_collector_success",
                          "Whether the collector gave its families: 0 when it failed, was late "
                          "or has nothing to read on this machine.",
                          kGauge, outcomes, [](auto& family, const CollectorOutcome& outcome) {
                            add_sample(family, {{"collector", outcome.name}},
                                       outcome.success() ? 1 : 0);
                          }));
  collected.parts.push_back(std::move(own));
  return collected;
}

// Of a run that is done, so nobody changes it any more.
void CollectorRunner::State::observe(const CollectorRun& run) const {
  if (!settings_.observer) return;
  std::vector<CollectorOutcome> outcomes;
  for (const auto& finished : run.finished) {
    if (finished) outcomes.push_back(finished->outcome);
  }
  settings_.observer(outcomes, run.reads);
}

void CollectorRunner::State::stop() {
  Lock lock(mutex_);
  stopping_ = true;
  work_.notify_all();
  changed_.wait(lock, [&] { return worker_ == 0 || (run_ && run_->current); });
}

std::size_t CollectorRunner::State::abandoned() {
  const Lock lock(mutex_);
  return abandoned_;
}

}  // namespace hostnet
