#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "netlink/bind_events/bind_events.h"

namespace hostnet {

// Wraps bind events so that a subclass sees each before it is delivered.
class SeenBinds : public BindEvents {
 public:
  explicit SeenBinds(std::shared_ptr<BindEvents> inner) : inner_(std::move(inner)) {}

  int descriptor() const override { return inner_->descriptor(); }
  void drain(const std::function<void(BindEvent)>& take) override {
    inner_->drain([&](BindEvent event) {
      see(event);
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
  virtual void see(const BindEvent& event) = 0;  // on the thread that drains

  std::shared_ptr<BindEvents> inner_;
};

}  // namespace hostnet
