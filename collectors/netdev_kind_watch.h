#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "collectors/netdev_kinds.h"
#include "netlink/base/wake_up.h"
#include "netlink/netlink.h"

namespace hostnet {

// KindSums that also counts links that disappear between two scrapes: a thread takes
// their last counters from the kernel's events. If it cannot subscribe, and for events
// that the kernel drops, the counts of a link after the last scrape are lost, and the
// next scrape subscribes again. update() is never called concurrently.
class KindWatch {
 public:
  // `keeps`: whether a name is shown; called on any thread.
  KindWatch(const std::vector<std::string>& kinds, std::function<bool(std::string_view)> keeps)
      : keeps_(std::move(keeps)), sums_(kinds) {}
  KindWatch(const KindWatch&) = delete;
  KindWatch& operator=(const KindWatch&) = delete;
  ~KindWatch() { stop(); }

  bool covers(const Link& link) const { return sums_.covers(link); }
  // As KindSums::update(), including the events of links that disappeared.
  std::shared_ptr<const std::vector<Link>> update(Netlink& netlink,
                                                  const std::vector<const Link*>& links);

 private:
  void start(Netlink& netlink);
  void stop();
  void run(const std::stop_token& stopped);
  bool take_events();  // with the lock; whether the subscription still works

  const std::function<bool(std::string_view)> keeps_;
  std::mutex mutex_;  // for sums_, events_ and broken_ while the thread runs
  KindSums sums_;
  std::unique_ptr<Subscription> events_;
  bool broken_{};
  std::optional<WakeUp> wake_;  // tells the thread to end
  std::jthread thread_;
};

}  // namespace hostnet
