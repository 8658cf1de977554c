#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "netlink/base/error.h"

namespace hostnet {

// A thread for work that may never return: a thread that hangs in the kernel or waits
// for a peer cannot be joined. Its owner waits for as long as it wants, then abandons
// it. So tasks own everything they use (a shared_ptr): an abandoned one keeps running
// after its owner is gone.
//
// A worker has one owner, which calls it from one thread at a time.
class Worker {
 public:
  // The kernel shows 15 characters of a thread's name.
  explicit Worker(std::string name) : name_(std::move(name)) {}
  ~Worker() { abandon(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&&) noexcept = default;
  Worker& operator=(Worker&&) = delete;

  // Creates the thread now, so that give() will find one.
  Result<> start();
  // Queues the task after the earlier ones; creates the thread if needed. The error:
  // the system cannot create one; then the task is not kept.
  Result<> give(std::function<void()> task);
  // Whether all tasks are done: waits for that, at most `time`.
  bool wait_for(std::chrono::nanoseconds time) const;
  void wait() const;  // for work that is known to end
  // Releases the thread, which ends after its current task; an idle one is joined. Tasks that
  // have not begun are dropped. The next give() creates a new thread.
  void abandon();

 private:
  struct Shared;
  std::string name_;
  std::shared_ptr<Shared> shared_;  // shared with the thread; null without one
  std::jthread thread_;
};

// Starts a thread that is joined when its owner is destroyed. If the system cannot:
// Reason::exhausted, no exception.
Result<std::jthread> start_thread(const std::string& name,
                                  std::function<void(const std::stop_token&)> run);

}  // namespace hostnet
