#pragma once

// The thread that receives bind events: it reports refusals, keeps the unsettled ones, and wakes
// the watch.

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
  // Returns the newest pods; called on the thread, never null.
  std::function<std::shared_ptr<const PodSnapshot>()> pods;
  std::function<std::vector<std::string>()> node_components;
  // Called for every refusal, equal ones combined; on the thread.
  std::function<void(const RefusedBind&)> on_refused;
  // Called when a scan should run now; on the thread.
  std::function<void()> on_news;
  // The programs were detached by somebody. Called once; on the thread.
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

  // The unsettled refusals, brought up to date. Any thread.
  std::shared_ptr<const std::vector<Refusal>> refusals(const PodIndex& pods, bool certain,
                                                       WallTime now);
  // A successful bind() to one of these ports is news. Refused ports are watched anyway. Any
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

  mutable std::mutex mutex_;  // guards the members below
  RefusalBook book_;
  std::set<Port> wanted_ports_;  // by watch_ports()
  std::set<Port> watched_;       // set in the kernel
  std::jthread thread_;          // last: it uses the others
};

}  // namespace hostnet
