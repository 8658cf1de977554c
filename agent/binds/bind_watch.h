#pragma once

// The thread that hears of binds: it says who was refused what, keeps what is not settled, and
// wakes the watch.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/binds/bind_resolver.h"
#include "agent/binds/refusal_book.h"
#include "netlink/base/token_bucket.h"
#include "netlink/base/wake_up.h"
#include "netlink/node/node.h"

namespace hostnet {

struct BindWatchSettings {
  // The newest; called on the thread, never null.
  std::function<std::shared_ptr<const PodSnapshot>()> pods;
  std::function<std::vector<std::string>()> node_components;
  // Every refusal, equal ones together; on the thread.
  std::function<void(const RefusedBind&)> on_refused;
  // Something that a scan should see now; on the thread.
  std::function<void()> on_news;
  // The programs are gone: somebody detached them. Once; on the thread.
  std::function<void()> on_detached;
};

class BindWatch {
 public:
  // `node->bind_events` must be set.
  static Result<std::unique_ptr<BindWatch>> start(std::shared_ptr<const Node> node,
                                                  BindWatchSettings settings);
  BindWatch(const BindWatch&) = delete;
  BindWatch& operator=(const BindWatch&) = delete;
  ~BindWatch();

  // What is not settled, brought up to date. Any thread.
  std::shared_ptr<const std::vector<Refusal>> refusals(const PodIndex& pods, bool certain,
                                                       WallTime now);
  // A successful bind() there is news. Those that were refused are watched by themselves. Any
  // thread.
  using Port = std::pair<Protocol, std::uint16_t>;
  void watch_ports(const std::vector<Port>& ports);

  std::uint64_t dropped() const { return node_->bind_events->dropped(); }
  std::uint64_t cut() const;

 private:
  BindWatch(std::shared_ptr<const Node> node, BindWatchSettings settings, WakeUp wake);
  void run(const std::stop_token& stopped);
  void handle(std::vector<BindEvent>& events);
  void handle_refusal(const BindEvent& last, SteadyTime first, std::uint64_t times);
  void handle_success(const BindEvent& event);
  void forget_unless_refused(int process);
  void apply_watched();
  void tell_news();
  std::chrono::milliseconds pause() const;

  const std::shared_ptr<const Node> node_;
  const BindWatchSettings settings_;
  const WakeUp wake_;
  BindResolver resolver_;
  std::shared_ptr<const PodIndex> pods_;
  std::vector<std::string> node_components_;
  TokenBucket tellings_;
  bool news_{};
  std::optional<SteadyTime> tell_again_;
  SteadyTime next_check_;
  bool attached_{true};

  mutable std::mutex mutex_;  // guards what follows
  RefusalBook book_;
  std::set<Port> wanted_ports_;  // by watch_ports()
  std::set<Port> watched_;       // told to the kernel
  std::jthread thread_;          // last: it uses the others
};

}  // namespace hostnet
