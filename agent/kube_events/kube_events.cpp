#include "agent/kube_events/kube_events.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "agent/kube/backoff.h"
#include "agent/kube_events/condition_ledger.h"
#include "agent/kube_events/event_ledger.h"
#include "agent/kube_events/label_ledger.h"
#include "netlink/base/real_time.h"

namespace hostnet {
namespace {

constexpr KubeTiming kTiming{.connect = std::chrono::seconds(3),
                             .silence = std::chrono::seconds(10),
                             .answer = std::chrono::seconds(10)};
constexpr KubeTiming kLastTiming{.connect = std::chrono::seconds(1),
                                 .silence = std::chrono::seconds(2),
                                 .answer = std::chrono::seconds(2)};
constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::chrono::seconds kLastWordWithin{3};
constexpr std::chrono::seconds kLeaveWithin{5};
constexpr std::chrono::milliseconds kStopAgain{50};

// When one kind of write may be tried again.
struct Pace {
  std::string_view what, rights;
  Backoff backoff;
  SteadyTime retry_at;
  std::optional<int> failing;  // the status that on_change() was called with
};

}  // namespace

// Outlives KubeEvents if its thread has to be abandoned.
struct KubeEvents::Shared {
  explicit Shared(KubeEventsSettings given)
      : settings(std::move(given)),
        events_(settings.node_name),
        condition_(settings.node_name, random_share()),
        labels_(settings.node_name),
        events_pace_{"events", "events: create, patch", Backoff(settings.retry), {}, {}},
        condition_pace_{"node_condition", "nodes/status: patch", Backoff(settings.retry), {}, {}},
        labels_pace_{"node_labels", "nodes/status: patch", Backoff(settings.retry), {}, {}} {}

  KubeEventsSettings settings;
  std::mutex mutex;
  std::condition_variable changed;
  // Everything down to run() is guarded by the mutex.
  std::shared_ptr<const Report> newest;  // not read yet
  bool stopping{}, silenced{};
  KubeSender* running{};
  KubeSender* last{};

  void run();

 private:
  bool wait(std::shared_ptr<const Report>& report, std::chrono::milliseconds longest);
  bool is_stopping();
  std::chrono::milliseconds pause() const;
  bool write_one(KubeSender& client);
  void settle(Pace& pace, bool done, const KubeReply& reply);
  void say_last_word();

  // Used by the thread only.
  EventLedger events_;
  ConditionLedger condition_;
  LabelLedger labels_;
  Pace events_pace_, condition_pace_, labels_pace_;
};

// False: stop.
bool KubeEvents::Shared::wait(std::shared_ptr<const Report>& report,
                              std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, longest, [this] { return stopping || newest != nullptr; });
  report = std::exchange(newest, nullptr);
  return !stopping;
}

bool KubeEvents::Shared::is_stopping() {
  const std::scoped_lock lock(mutex);
  return stopping;
}

// How long to wait for a report before retries may be due.
std::chrono::milliseconds KubeEvents::Shared::pause() const {
  std::chrono::milliseconds pause = kRetryAfter;
  const SteadyTime now = steady_now();
  for (const Pace* pace : {&events_pace_, &condition_pace_, &labels_pace_}) {
    if (pace->retry_at <= now) continue;
    pause = std::min(pause, std::chrono::ceil<std::chrono::milliseconds>(pace->retry_at - now));
  }
  return pause;
}

void KubeEvents::Shared::settle(Pace& pace, bool done, const KubeReply& reply) {
  const std::scoped_lock lock(mutex);
  if (silenced) return;
  if (done) {
    pace.backoff.reset();
    if (std::exchange(pace.failing, std::nullopt)) settings.on_change(pace.what, "");
    return;
  }
  pace.retry_at = steady_now() + pace.backoff.next(random_share(), reply.retry_after);
  settings.on_failure(pace.what, reason_of(reply));
  if (pace.failing == reply.status) return;
  pace.failing = reply.status;
  std::string problem = reply.problem.empty() ? "the answer is not as expected" : reply.problem;
  if (reply.status == 403) problem += "; it needs " + std::string(pace.rights);
  settings.on_change(pace.what, problem);
}

// Sends one request of each kind that is due; returns whether there was any.
bool KubeEvents::Shared::write_one(KubeSender& client) {
  bool any = false;
  const SteadyTime now = steady_now();
  if (settings.node_condition && now >= condition_pace_.retry_at) {
    if (const auto request = condition_.next(now, wall_now())) {
      any = true;
      const KubeAnswer answer = client.send(*request);
      settle(condition_pace_, condition_.answered(answer, steady_now()), answer.reply);
    }
  }
  if (settings.node_labels && now >= labels_pace_.retry_at && !is_stopping()) {
    if (const auto request = labels_.next(now)) {
      any = true;
      const KubeAnswer answer = client.send(*request);
      settle(labels_pace_, labels_.answered(answer, steady_now()), answer.reply);
    }
  }
  if (settings.events && now >= events_pace_.retry_at && !is_stopping()) {
    if (const auto write = events_.next(now)) {
      any = true;
      const KubeAnswer answer = client.send(write->request);
      settle(events_pace_, events_.answered(write->finding, answer, steady_now()), answer.reply);
    }
  }
  return any;
}

void KubeEvents::Shared::say_last_word() {
  std::vector<KubeRequest> requests;
  if (settings.node_condition) {
    if (auto request = condition_.last_word(wall_now())) requests.push_back(*std::move(request));
  }
  if (settings.node_labels && settings.remove_labels_at_end) {
    if (auto request = labels_.removal()) requests.push_back(*std::move(request));
  }
  if (requests.empty()) return;
  const auto client = settings.client(kLastTiming);
  {
    const std::scoped_lock lock(mutex);
    last = client.get();
  }
  for (const KubeRequest& request : requests) client->send(request);
  const std::scoped_lock lock(mutex);
  last = nullptr;
}

void KubeEvents::Shared::run() {
  if (settings.on_thread) settings.on_thread();
  {
    const auto client = settings.client(kTiming);
    {
      const std::scoped_lock lock(mutex);
      running = client.get();
    }
    bool busy = false;
    std::shared_ptr<const Report> report;
    while (wait(report, busy ? std::chrono::milliseconds(0) : pause())) {
      if (report != nullptr) {
        events_.see(*report, steady_now());
        condition_.see(*report);
        if (settings.node_labels) labels_.see(*report, steady_now());
        report.reset();
      }
      busy = write_one(*client);
    }
    const std::scoped_lock lock(mutex);
    running = nullptr;
  }
  say_last_word();
}

KubeEvents::KubeEvents(KubeEventsSettings settings)
    : shared_(std::make_shared<Shared>(std::move(settings))) {
  const auto given = worker_.give([shared = shared_] { shared->run(); });
  if (given) return;
  const auto& wanted = shared_->settings;
  if (wanted.events) wanted.on_change("events", given.error().message);
  if (wanted.node_condition) wanted.on_change("node_condition", given.error().message);
  if (wanted.node_labels) wanted.on_change("node_labels", given.error().message);
}

KubeEvents::~KubeEvents() {
  const SteadyTime began = steady_now();
  do {
    const std::scoped_lock lock(shared_->mutex);
    shared_->stopping = shared_->silenced = true;
    shared_->changed.notify_all();
    if (shared_->running != nullptr) shared_->running->stop();
    if (shared_->last != nullptr && steady_now() - began >= kLastWordWithin) shared_->last->stop();
  } while (!worker_.wait_for(kStopAgain) && steady_now() - began < kLeaveWithin);
}

void KubeEvents::see(std::shared_ptr<const Report> report) {
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->newest.swap(report);
    shared_->changed.notify_all();
  }
  // The old report, perhaps its last reference, is destroyed without the lock.
}

}  // namespace hostnet
