#pragma once

// Counts network changes from the kernel's events, so that a link that went down and came back
// between two scrapes is noticed.

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "agent/metrics/network_changes.h"
#include "netlink/base/wake_up.h"
#include "netlink/node/node.h"
#include "netlink/rtnetlink/network_change.h"

namespace hostnet {

struct ChangeCounterSettings {
  bool neighbours{};
  // Events that the kernel dropped and that are not counted. On the counter's thread.
  std::function<void(std::size_t)> on_overrun;
};

// Has its own thread and subscription: a route storm keeps it busy and wakes nothing else. It lets
// events gather briefly before each read, and never holds more than one datagram.
class ChangeCounter {
 public:
  // Starts counting. If the kernel refuses the subscription, that is no error here: counts()
  // reports it, and it retries every second.
  static Result<std::unique_ptr<ChangeCounter>> start(std::shared_ptr<const Node> node,
                                                      ChangeCounterSettings settings);
  ChangeCounter(const ChangeCounter&) = delete;
  ChangeCounter& operator=(const ChangeCounter&) = delete;
  ~ChangeCounter();

  // The counts since the start; the error is why it is not counting now. Any thread.
  Result<NetworkChangeCounts> counts() const;

 private:
  ChangeCounter(std::shared_ptr<const Node> node, ChangeCounterSettings settings, WakeUp wake);
  void run(const std::stop_token& stopped);
  void subscribe();
  void read_events();
  void tell_overruns(std::size_t times) const;

  const std::shared_ptr<const Node> node_;
  const ChangeCounterSettings settings_;
  const WakeUp wake_;
  std::unique_ptr<Subscription> events_;
  std::array<std::atomic<std::uint64_t>, kNetworkObjects> came_{}, went_{};
  mutable std::mutex mutex_;
  std::optional<Error> trouble_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace hostnet
