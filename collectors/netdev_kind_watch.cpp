#include "collectors/netdev_kind_watch.h"

#include <poll.h>

#include <array>
#include <chrono>
#include <span>
#include <utility>

#include "netlink/base/wake_up.h"
#include "netlink/base/worker.h"
#include "netlink/rtnetlink/network_change.h"
#include "netlink/rtnetlink/rtnetlink.h"

namespace hostnet {
namespace {

// A storm is read a thousand times a second; the receive buffer holds the rest.
constexpr std::chrono::milliseconds kGather{1};

}  // namespace

std::shared_ptr<const std::vector<Link>> KindWatch::update(Netlink& netlink,
                                                           const std::vector<const Link*>& links) {
  bool works = false;
  std::shared_ptr<const std::vector<Link>> sums;
  {
    const std::scoped_lock lock(mutex_);
    // Links missing from the dump disappeared before it, so their events are already here.
    works = events_ && take_events();
    sums = sums_.update(links);
  }
  if (!works) {
    stop();
    start(netlink);
  }
  return sums;
}

void KindWatch::start(Netlink& netlink) {
  auto events = subscribe_to_links(netlink);
  auto wake = WakeUp::create();
  if (!events || !wake) return;
  wake_ = *std::move(wake);
  events_ = *std::move(events);
  broken_ = false;
  // Without the thread the next scrape tries again.
  auto thread =
      start_thread("link events", [this](const std::stop_token& stopped) { run(stopped); });
  if (thread) {
    thread_ = *std::move(thread);
  } else {
    events_.reset();
  }
}

void KindWatch::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake_->wake();
    thread_.join();
  }
  events_.reset();
}

void KindWatch::run(const std::stop_token& stopped) {
  std::array<pollfd, 2> waiting{{{.fd = wake_->descriptor(), .events = POLLIN},
                                 {.fd = events_->descriptor(), .events = POLLIN}}};
  while (!stopped.stop_requested()) {
    wait_for_input(waiting, kNoTimeout);
    if (stopped.stop_requested()) return;
    {
      const std::scoped_lock lock(mutex_);
      if (!take_events()) return;
    }
    wait_for_input(std::span(waiting).first(1), kGather);
  }
}

bool KindWatch::take_events() {
  if (broken_) return false;
  const auto batch = events_->drain([this](const NetlinkMessage& message) {
    const auto change = network_change(message);
    if (!change || change->object != NetworkObject::link) return;
    const auto link = decode_link(message);
    if (!link || !*link) return;
    if (!change->gone) {
      sums_.came((*link)->index);
    } else if (sums_.covers(**link) && keeps_((*link)->name)) {
      sums_.gone(**link);
    }
  });
  broken_ = !batch;
  return !broken_;
}

}  // namespace hostnet
