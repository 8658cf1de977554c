#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "netlink/bind_events/seen_binds.h"

namespace hostnet {

// Keeps the newest events, for `record`: the watch judges what they mean now; the events
// themselves are needed when someone reports a wrong answer.
class KeptBinds final : public SeenBinds {
 public:
  static constexpr std::size_t kMost = 1024;

  explicit KeptBinds(std::shared_ptr<BindEvents> inner) : SeenBinds(std::move(inner)) {}

  // Oldest first. Any thread.
  std::vector<BindEvent> kept() const {
    const std::scoped_lock lock(mutex_);
    return {kept_.begin(), kept_.end()};
  }

 private:
  void see(const BindEvent& event) override {
    const std::scoped_lock lock(mutex_);
    if (kept_.size() == kMost) kept_.pop_front();
    kept_.push_back(event);
  }

  mutable std::mutex mutex_;
  std::deque<BindEvent> kept_;
};

}  // namespace hostnet
