#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Wraps the kernel's events and keeps the newest, for `record`: what they say of now is judged
// by the watch, what they were is asked for when somebody reports a wrong answer.
class KeptBinds final : public BindEvents {
 public:
  static constexpr std::size_t kMost = 1024;

  explicit KeptBinds(std::shared_ptr<BindEvents> inner) : inner_(std::move(inner)) {}

  // The oldest first. Any thread.
  std::vector<BindEvent> kept() const {
    const std::scoped_lock lock(mutex_);
    return {kept_.begin(), kept_.end()};
  }

  int descriptor() const override { return inner_->descriptor(); }
  void drain(const std::function<void(BindEvent)>& take) override {
    inner_->drain([&](BindEvent event) {
      keep(event);
      take(std::move(event));
    });
  }
  std::vector<BindEvent> past() const override { return inner_->past(); }
  std::uint64_t dropped() const override { return inner_->dropped(); }
  bool attached() const override { return inner_->attached(); }
  void watch(Protocol protocol, std::uint16_t port, bool on) override {
    inner_->watch(protocol, port, on);
  }
  void forget(int process) override { inner_->forget(process); }

 private:
  void keep(const BindEvent& event) {
    const std::scoped_lock lock(mutex_);
    if (kept_.size() == kMost) kept_.pop_front();
    kept_.push_back(event);
  }

  std::shared_ptr<BindEvents> inner_;
  mutable std::mutex mutex_;
  std::deque<BindEvent> kept_;
};

}  // namespace hostnet
