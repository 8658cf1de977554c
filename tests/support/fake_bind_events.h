#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "netlink/base/wake_up.h"
#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Binds that a test makes happen. Thread safe.
class FakeBindEvents final : public BindEvents {
 public:
  void happen(BindEvent event) {
    {
      const std::scoped_lock lock(mutex_);
      waiting_.push_back(std::move(event));
    }
    wake_.wake();
  }
  std::set<std::pair<Protocol, std::uint16_t>> watched() const {
    const std::scoped_lock lock(mutex_);
    return watched_;
  }
  std::set<int> forgotten() const {
    const std::scoped_lock lock(mutex_);
    return forgotten_;
  }
  std::atomic<std::uint64_t> lost;
  std::atomic<bool> detached;

  int descriptor() const override { return wake_.descriptor(); }
  void drain(const std::function<void(BindEvent)>& take) override {
    wake_.consume();
    std::vector<BindEvent> now;
    {
      const std::scoped_lock lock(mutex_);
      now.swap(waiting_);
    }
    for (BindEvent& event : now) take(std::move(event));
  }
  std::uint64_t dropped() const override { return lost; }
  bool attached() const override { return !detached; }
  void watch(Protocol protocol, std::uint16_t port, bool on) override {
    const std::scoped_lock lock(mutex_);
    if (on) {
      watched_.emplace(protocol, port);
    } else {
      watched_.erase({protocol, port});
    }
  }
  void forget(int process) override {
    const std::scoped_lock lock(mutex_);
    forgotten_.insert(process);
  }

 private:
  WakeUp wake_ = WakeUp::create().value();
  mutable std::mutex mutex_;
  std::vector<BindEvent> waiting_;
  std::set<std::pair<Protocol, std::uint16_t>> watched_;
  std::set<int> forgotten_;
};

}  // namespace hostnet
