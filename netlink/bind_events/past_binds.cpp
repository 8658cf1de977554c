#include "netlink/bind_events/past_binds.h"

#include <utility>

#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

class PastBinds final : public BindEvents {
 public:
  PastBinds(std::vector<BindEvent> events, WakeUp wake)
      : events_(std::move(events)), wake_(std::move(wake)) {
    if (!events_.empty()) wake_.wake();
  }

  int descriptor() const override { return wake_.descriptor(); }
  void drain(const std::function<void(BindEvent)>& take) override {
    wake_.consume();
    while (next_ < events_.size()) take(events_[next_++]);
  }
  std::vector<BindEvent> past() const override { return events_; }
  std::uint64_t dropped() const override { return 0; }
  bool attached() const override { return true; }
  void watch(Protocol /*protocol*/, std::uint16_t /*port*/, bool /*on*/) override {}
  void forget(int /*process*/) override {}

 private:
  const std::vector<BindEvent> events_;
  const WakeUp wake_;
  std::size_t next_{};
};

}  // namespace

Result<std::shared_ptr<BindEvents>> past_binds(std::vector<BindEvent> events) {
  auto wake = WakeUp::create();
  if (!wake) return std::unexpected(std::move(wake).error());
  return std::make_shared<PastBinds>(std::move(events), *std::move(wake));
}

}  // namespace hostnet
