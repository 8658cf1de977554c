#include "agent/binds/bind_watch.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <span>

#include "agent/binds/fold_binds.h"
#include "netlink/base/worker.h"

namespace hostnet {
namespace {

using std::chrono::milliseconds;

// In a flood events are read some hundred times a second, not one by one.
constexpr milliseconds kGather{2};
// Enough time for listen() to follow bind().
constexpr milliseconds kListenFollows{5};
constexpr milliseconds kCheckEvery{5000};
// Limits scans triggered by events: ten at once, then ten a second.
constexpr int kTellingsAtOnce = 10;
constexpr milliseconds kTellingRefill{100};

}  // namespace

Result<std::unique_ptr<BindWatch>> BindWatch::start(std::shared_ptr<const Node> node,
                                                    BindWatchSettings settings) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  std::unique_ptr<BindWatch> watch(
      new BindWatch(std::move(node), std::move(settings), *std::move(wake)));
  auto thread = start_thread(
      "binds", [raw = watch.get()](const std::stop_token& stopped) { raw->run(stopped); });
  if (!thread) return std::unexpected(std::move(thread).error());
  watch->thread_ = *std::move(thread);
  return watch;
}

BindWatch::BindWatch(std::shared_ptr<const Node> node, BindWatchSettings settings, WakeUp wake)
    : node_(std::move(node)),
      settings_(std::move(settings)),
      wake_(std::move(wake)),
      resolver_(*node_),
      tellings_(kTellingsAtOnce, kTellingRefill) {}

BindWatch::~BindWatch() {
  thread_.request_stop();
  wake_.wake();
}

std::shared_ptr<const std::vector<Refusal>> BindWatch::refusals(const PodIndex& pods, bool certain,
                                                                WallTime now) {
  const std::scoped_lock lock(mutex_);
  if (book_.update(pods, certain, now)) apply_watched();
  return std::make_shared<const std::vector<Refusal>>(book_.refusals());
}

void BindWatch::watch_ports(const std::vector<Port>& ports) {
  std::set<Port> wanted(ports.begin(), ports.end());
  const std::scoped_lock lock(mutex_);
  if (wanted == wanted_ports_) return;
  wanted_ports_ = std::move(wanted);
  apply_watched();
}

std::uint64_t BindWatch::cut() const {
  const std::scoped_lock lock(mutex_);
  return book_.cut();
}

void BindWatch::apply_watched() {
  std::set<Port> wanted = wanted_ports_;
  for (const Refusal& refusal : book_.refusals()) wanted.emplace(refusal.protocol, refusal.port);
  for (const Port& port : watched_) {
    if (!wanted.contains(port)) node_->bind_events->watch(port.first, port.second, false);
  }
  for (const Port& port : wanted) {
    if (!watched_.contains(port)) node_->bind_events->watch(port.first, port.second, true);
  }
  watched_ = std::move(wanted);
}

void BindWatch::run(const std::stop_token& stopped) {
  std::vector<BindEvent> events;
  while (!stopped.stop_requested()) {
    std::array<pollfd, 2> waiting{{{.fd = wake_.descriptor(), .events = POLLIN},
                                   {.fd = node_->bind_events->descriptor(), .events = POLLIN}}};
    wait_for_input(waiting, pause());
    if (stopped.stop_requested()) return;
    events.clear();
    node_->bind_events->drain([&](BindEvent event) { events.push_back(std::move(event)); });
    if (!events.empty()) handle(events);
    tell_news();
    if (const SteadyTime now = node_->clock->steady(); now >= next_check_) {
      next_check_ = now + kCheckEvery;
      if (attached_ && !node_->bind_events->attached()) {
        attached_ = false;
        settings_.on_detached();
      }
    }
    if (!events.empty()) wait_for_input(std::span(waiting).first(1), kGather);
  }
}

milliseconds BindWatch::pause() const {
  if (news_) return kTellingRefill;
  if (!tell_again_) return kCheckEvery;
  const auto left = std::chrono::ceil<milliseconds>(*tell_again_ - node_->clock->steady());
  return std::clamp(left, milliseconds(0), kListenFollows);
}

void BindWatch::handle(std::vector<BindEvent>& events) {
  const auto pods = settings_.pods();
  if (!pods_ || pods_->pods() != pods) pods_ = std::make_shared<const PodIndex>(pods);
  node_components_ = settings_.node_components();
  fold_binds(events,
             {.on_refused = [this](const BindEvent& last, SteadyTime first,
                                   std::uint64_t times) { handle_refusal(last, first, times); },
              .on_done = [this](const BindEvent& event) { handle_success(event); }});
}

// Reads the node without the lock, which the watch waits for.
void BindWatch::handle_refusal(const BindEvent& last, SteadyTime first, std::uint64_t times) {
  const RefusedBind refused =
      resolver_.resolve(last, first, times, {.node_components = node_components_, .pods = *pods_});
  settings_.on_refused(refused);
  const std::scoped_lock lock(mutex_);
  const bool was_new = book_.add(refused, *pods_);
  if (was_new) apply_watched();
  news_ = news_ || was_new;
  forget_unless_refused(last.binder.process);
}

void BindWatch::handle_success(const BindEvent& event) {
  bool settles = false;
  {
    const std::scoped_lock lock(mutex_);
    settles = !book_.empty();
    if (wanted_ports_.contains({event.protocol, event.port})) {
      news_ = true;
      tell_again_ = node_->clock->steady() + kListenFollows;
    }
  }
  RefusalBook::Success success{event.protocol, event.port, event.binder.process, {}};
  if (settles) {
    success.binder =
        resolver_.owner_of(event.binder, {.node_components = node_components_, .pods = *pods_});
  }
  const std::scoped_lock lock(mutex_);
  if (settles && book_.settle(success, *pods_)) {
    apply_watched();
    news_ = true;
  }
  forget_unless_refused(event.binder.process);
}

// Later successes of the process are of no interest.
void BindWatch::forget_unless_refused(int process) {
  if (!book_.has_process(process)) node_->bind_events->forget(process);
}

void BindWatch::tell_news() {
  const SteadyTime now = node_->clock->steady();
  if (tell_again_ && now >= *tell_again_) {
    tell_again_.reset();
    news_ = true;
  }
  if (!news_ || !tellings_.has(now)) return;
  tellings_.take(now);
  news_ = false;
  settings_.on_news();
}

}  // namespace hostnet
