#include "agent/watch/change_counter.h"

#include <poll.h>

#include <chrono>
#include <span>
#include <utility>

#include "netlink/base/worker.h"

namespace hostnet {
namespace {

// In a storm events are read a thousand times a second, not one by one. Meanwhile the receive
// buffer holds them.
constexpr std::chrono::milliseconds kGather{1}, kRetry{1000};

}  // namespace

Result<std::unique_ptr<ChangeCounter>> ChangeCounter::start(std::shared_ptr<const Node> node,
                                                            ChangeCounterSettings settings) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  std::unique_ptr<ChangeCounter> counter(
      new ChangeCounter(std::move(node), std::move(settings), *std::move(wake)));
  counter->subscribe();
  auto thread =
      start_thread("network changes",
                   [raw = counter.get()](const std::stop_token& stopped) { raw->run(stopped); });
  if (!thread) return std::unexpected(std::move(thread).error());
  counter->thread_ = *std::move(thread);
  return counter;
}

ChangeCounter::ChangeCounter(std::shared_ptr<const Node> node, ChangeCounterSettings settings,
                             WakeUp wake)
    : node_(std::move(node)), settings_(std::move(settings)), wake_(std::move(wake)) {}

ChangeCounter::~ChangeCounter() {
  thread_.request_stop();
  wake_.wake();
}

Result<NetworkChangeCounts> ChangeCounter::counts() const {
  {
    const std::scoped_lock lock(mutex_);
    if (trouble_) return std::unexpected(*trouble_);
  }
  NetworkChangeCounts counts{.neighbours = settings_.neighbours};
  for (std::size_t i = 0; i < kNetworkObjects; ++i) {
    counts.came.at(i) = came_.at(i).load(std::memory_order_relaxed);
    counts.went.at(i) = went_.at(i).load(std::memory_order_relaxed);
  }
  return counts;
}

void ChangeCounter::run(const std::stop_token& stopped) {
  while (!stopped.stop_requested()) {
    std::array<pollfd, 2> waiting{{{.fd = wake_.descriptor(), .events = POLLIN},
                                   {.fd = events_ ? events_->descriptor() : -1, .events = POLLIN}}};
    wait_for_input(waiting, events_ ? kNoTimeout : kRetry);
    if (stopped.stop_requested()) return;
    if (!events_) {
      subscribe();
      continue;
    }
    read_events();
    wait_for_input(std::span(waiting).first(1), kGather);
  }
}

void ChangeCounter::subscribe() {
  auto events = subscribe_to_network_changes(*node_->netlink, settings_.neighbours);
  const std::scoped_lock lock(mutex_);
  if (events) {
    events_ = *std::move(events);
    trouble_.reset();
  } else {
    trouble_ = std::move(events).error();
  }
}

void ChangeCounter::read_events() {
  const auto batch = events_->drain([this](const NetlinkMessage& message) {
    const auto change = network_change(message);
    if (!change) return;
    auto& counters = change->gone ? went_ : came_;
    counters.at(static_cast<std::size_t>(change->object)).fetch_add(1, std::memory_order_relaxed);
  });
  if (batch) {
    tell_overruns(batch->overruns);
    return;
  }
  events_.reset();
  tell_overruns(1);  // events are lost until it listens again
  const std::scoped_lock lock(mutex_);
  trouble_ = batch.error();
}

void ChangeCounter::tell_overruns(std::size_t times) const {
  if (times > 0 && settings_.on_overrun) settings_.on_overrun(times);
}

}  // namespace hostnet
