#include "netlink/base/worker.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace hostnet {

struct Worker::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> tasks;
  bool busy{};
  bool abandoned{};

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return abandoned || !tasks.empty(); });
      if (abandoned) return;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      busy = true;
      lock.unlock();
      task();
      task = nullptr;  // its captures may be large, and their destructors may lock
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }
  bool idle() const { return tasks.empty() && !busy; }  // the caller holds the mutex
};

Result<std::jthread> start_thread(const std::string& name,
                                  std::function<void(const std::stop_token&)> run) {
  try {
    std::jthread thread(std::move(run));
    pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
    return thread;
  } catch (const std::system_error& error) {
    auto failed = system_failure(error.code().value(), "starting the thread " + name);
    failed.error().reason = Reason::exhausted;  // EAGAIN, which is not a timeout here
    return failed;
  }
}

Result<> Worker::start() {
  if (shared_ != nullptr) return {};
  auto shared = std::make_shared<Shared>();
  auto thread = start_thread(name_, [shared](const std::stop_token&) { shared->run(); });
  if (!thread) return std::unexpected(std::move(thread).error());
  thread_ = *std::move(thread);
  shared_ = std::move(shared);
  return {};
}

Result<> Worker::give(std::function<void()> task) {
  if (auto started = start(); !started) return started;
  const std::scoped_lock lock(shared_->mutex);
  shared_->tasks.push_back(std::move(task));
  shared_->changed.notify_all();
  return {};
}

bool Worker::wait_for(std::chrono::nanoseconds time) const {
  if (shared_ == nullptr) return true;
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, time, [&] { return shared_->idle(); });
}

void Worker::wait() const {
  if (shared_ == nullptr) return;
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait(lock, [&] { return shared_->idle(); });
}

void Worker::abandon() {
  if (shared_ == nullptr) return;
  std::deque<std::function<void()>> dropped;  // destroyed without the lock
  bool hangs = false;
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->abandoned = true;
    dropped.swap(shared_->tasks);
    hangs = shared_->busy;
    shared_->changed.notify_all();
  }
  if (hangs) {
    thread_.detach();  // it owns everything it uses
  } else {
    thread_.join();
  }
  shared_.reset();
}

}  // namespace hostnet
