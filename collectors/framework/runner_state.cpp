#include "collectors/framework/runner_state.h"

#include <algorithm>
#include <utility>

namespace hostnet {
namespace {

using RealClock = std::chrono::steady_clock;

double seconds_between(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

// Collectors promise not to throw, but one that runs out of memory does.
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

Result<> CollectorRunner::State::start() {
  return worker_.start();
}

// False if too many threads hang, or the system cannot create one.
bool CollectorRunner::State::begin_run(const CollectorFilter& filter, RealTime deadline) {
  if (abandoned_ > settings_.abandoned_limit) return false;
  auto run = std::make_shared<CollectorRun>();
  run->filter = filter;
  run->deadline = deadline;
  run->finished.resize(slots_.size());
  run->scrape = std::make_shared<RunScrape>(node_, settings_.read_links);
  if (!give_rest_of(run)) return false;
  run_ = std::move(run);
  return true;
}

Result<> CollectorRunner::State::give_rest_of(const std::shared_ptr<CollectorRun>& run) {
  return worker_.give(
      [self = shared_from_this(), run, turn = run->turn] { self->work_off(*run, turn); });
}

// The outcome of a collector that could not start in time.
CollectorRun::Finished CollectorRunner::State::not_begun(const CollectorSlot& slot) {
  CollectorRun::Finished finished;
  finished.outcome.name = slot.name;
  finished.outcome.error =
      too_late(slot.name + (slot.running ? ": still running since an earlier scrape"
                                         : ": the scrape's time was over"));
  finished.cut = !slot.running;
  return finished;
}

// On the worker's thread: does the rest of a run until another thread takes over.
void CollectorRunner::State::work_off(CollectorRun& run, std::uint64_t turn) {
  Lock lock(mutex_);
  for (std::size_t i = 0; i < slots_.size() && !run.done; ++i) {
    if (!run.filter.wanted[i] || run.finished[i]) continue;
    CollectorSlot& slot = slots_[i];
    const RealTime start = RealClock::now();
    if (slot.running || start >= run.deadline) {
      run.finished[i] = not_begun(slot);
      continue;
    }
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
    std::optional<double> shared;
    auto finished = collect_one(slot, *scrape, allowed, shared);
    lock.lock();
    slot.running = false;
    if (run.turn != turn) {  // this thread was abandoned, and has returned
      --abandoned_;
      changed_.notify_all();
      return;
    }
    if (shared) run.reads.push_back({"links", *shared});
    run.current.reset();
    run.finished[i] = std::move(finished);
  }
  run.done = true;
  if (run_.get() == &run) run_.reset();
  // Without the lock: a woken thread would only wait for it.
  lock.unlock();
  changed_.notify_all();
}

CollectorRun::Finished CollectorRunner::State::collect_one(const CollectorSlot& slot,
                                                           RunScrape& scrape,
                                                           std::chrono::nanoseconds allowed,
                                                           std::optional<double>& shared) const {
  const SteadyTime begun = node_->clock->steady();
  scrape.set_deadline(begun + allowed);
  auto result = collect_guarded(slot.collect, scrape);
  shared = scrape.take_shared_seconds();
  const double seconds = seconds_between(begun, node_->clock->steady()) - shared.value_or(0);
  CollectorRun::Finished finished{.outcome = {.name = slot.name, .seconds = std::max(seconds, 0.0)},
                                  .cut = false};
  if (result) {
    finished.sources = std::make_shared<const std::vector<MetricSource>>(std::move(*result));
  } else {
    finished.outcome.error = std::move(result).error();
  }
  return finished;
}

// Called by waiters: takes the run away from a late collector and ends a run whose time
// is over.
void CollectorRunner::State::watch(const std::shared_ptr<CollectorRun>& run, RealTime now) {
  if (run->current && now >= run->current_deadline) {
    const std::size_t late = *run->current;
    auto& finished = run->finished[late].emplace();
    finished.outcome.name = slots_[late].name;
    finished.outcome.seconds = std::chrono::duration<double>(now - run->current_start).count();
    finished.outcome.error = too_late(slots_[late].name + ": did not finish in time");
    abandon_thread_of(*run);
    run->scrape = run->scrape->without_hung_read();
    if (abandoned_ > settings_.abandoned_limit) {
      end_run(*run, too_late("too many collectors hang"));
    } else if (const auto given = give_rest_of(run); !given) {
      end_run(*run, given.error());
    }
  }
  if (!run->done && now >= run->deadline) end_run(*run, too_late("the scrape's time was over"));
}

// The thread notices when its collector returns.
void CollectorRunner::State::abandon_thread_of(CollectorRun& run) {
  run.current.reset();
  ++run.turn;
  ++abandoned_;
  worker_.abandon();
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
  // A thread inside a collector is already late with it (watch() ensured that); one
  // between two collectors will see that the run is done.
  run.done = true;
  if (run_.get() == &run) run_.reset();
  changed_.notify_all();
}

// Waits until the run is done or `deadline`, calling watch() meanwhile. Waiters are not
// woken when the next collector begins: its deadline is later than the previous one's,
// so waking at the earlier deadline is soon enough.
void CollectorRunner::State::wait(Lock& lock, const std::shared_ptr<CollectorRun>& run,
                                  RealTime deadline) {
  while (!run->done) {
    RealTime until = std::min(deadline, run->deadline);
    if (run->current) {
      until = std::min(until, run->current_deadline);
    } else {
      const RealTime now = RealClock::now();
      const auto half = std::max<std::chrono::nanoseconds>((run->deadline - now) / 2,
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
                                                  std::function<void()> while_waiting) {
  filter.wanted.resize(slots_.size());
  const RealTime deadline = RealClock::now() + std::min(budget, settings_.scrape_timeout);
  auto collected = collect_by(deadline, filter, while_waiting);
  if (while_waiting) while_waiting();  // not called yet: there was no wait
  return collected;
}

// Clears `while_waiting` when it calls it.
CollectedFamilies CollectorRunner::State::collect_by(RealTime deadline,
                                                     const CollectorFilter& filter,
                                                     std::function<void()>& while_waiting) {
  Lock lock(mutex_);
  const auto wait_for = [&](const std::shared_ptr<CollectorRun>& run) {
    if (while_waiting) {
      lock.unlock();
      std::exchange(while_waiting, nullptr)();
      lock.lock();
    }
    wait(lock, run, deadline);
  };
  while (true) {
    if (const auto run = run_; run && covers(run->filter, filter)) {
      wait_for(run);
      // The shorter time of another scrape cut it short: run again.
      const bool cut = std::ranges::any_of(run->finished, [&](const auto& finished) {
        const auto slot = static_cast<std::size_t>(&finished - run->finished.data());
        return filter.wanted[slot] && finished && finished->cut;
      });
      if (cut && run->deadline < deadline && RealClock::now() < deadline) continue;
      return assemble(filter, run.get());
    }
    if (run_) {
      const auto other = run_;
      wait_for(other);
    } else if (!begin_run(filter, deadline)) {
      return assemble(filter, nullptr);
    } else {
      const auto run = run_;
      wait_for(run);
      lock.unlock();
      observe(*run);
      lock.lock();
      return assemble(filter, run.get());
    }
    if (RealClock::now() >= deadline) return assemble(filter, nullptr);
  }
}

void CollectorRunner::State::stop() {
  const Lock lock(mutex_);
  if (!run_) return;
  const auto run = run_;
  if (run->current) abandon_thread_of(*run);
  end_run(*run, too_late("the agent stops"));
}

std::size_t CollectorRunner::State::abandoned() {
  const Lock lock(mutex_);
  return abandoned_;
}

}  // namespace hostnet
