#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "netlink/base/error.h"

namespace hostnet {

// A thread for work that may never return: what hangs in the kernel or waits for a
// peer cannot be joined. Its owner waits for it as long as it wants to, and abandons
// it. So tasks hold whatever they use (a shared_ptr): an abandoned one goes on by
// itself when its owner is long gone.
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

  // Makes the thread now, so that give() will find one.
  Result<> start();
  // Does the task after those that were given before; makes the thread where there
  // is none. Where the system has none to give, the error; the task is not kept.
  Result<> give(std::function<void()> task);
  // Whether everything that was given is done: waits for it, at most so long.
  bool wait_for(std::chrono::nanoseconds time) const;
  void wait() const;  // for work that is known to end
  // Lets go of the thread, which ends with the task that it is in; one that is in none is
  // joined. Tasks that have not begun are dropped. The next give() makes a new thread.
  void abandon();

 private:
  struct Shared;
  std::string name_;
  std::shared_ptr<Shared> shared_;  // with the thread; null where there is none
  std::jthread thread_;
};

// A thread that is joined, of its owner's lifetime. The system may have none to give:
// Reason::exhausted, no exception.
Result<std::jthread> start_thread(const std::string& name,
                                  std::function<void(const std::stop_token&)> run);

}  // namespace hostnet
