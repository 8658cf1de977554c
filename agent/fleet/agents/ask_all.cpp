#include "agent/fleet/agents/ask_all.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "netlink/base/worker.h"

namespace hostnet {
namespace {

constexpr std::chrono::milliseconds kShowEvery{100};

// Counts finished nodes; the last thread to finish wakes the waiter.
class Progress {
 public:
  explicit Progress(std::size_t count) : count_(count) {}

  void one_more(bool answered) {
    const std::scoped_lock lock(mutex_);
    ++done_;
    silent_ += answered ? 0 : 1;
    if (done_ == count_) over_.notify_one();
  }

  // On a terminal it shows progress meanwhile, on one line that is cleared at the end.
  void wait() {
    const bool shown = ::isatty(STDERR_FILENO) == 1;
    std::unique_lock lock(mutex_);
    const auto is_over = [this] { return done_ == count_; };
    if (!shown) return over_.wait(lock, is_over);
    while (!over_.wait_for(lock, kShowEvery, is_over)) {
      const std::string silent = silent_ == 0 ? "" : fmt::format(", {} did not answer", silent_);
      fmt::print(stderr, "\r\x1b[K{} of {} nodes asked{}", done_, count_, silent);
    }
    fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::size_t done_{}, silent_{};
};

}  // namespace

Result<> ask_all(std::size_t count, const std::function<bool(std::size_t)>& ask) {
  if (count == 0) return {};
  std::atomic<std::size_t> next = 0;
  Progress progress(count);
  std::vector<std::jthread> threads;
  const auto work = [&](const std::stop_token& /*never*/) {
    for (std::size_t index = next++; index < count; index = next++) {
      progress.one_more(ask(index));
    }
  };
  while (threads.size() < std::min(count, kMostAtOnce)) {
    auto thread = start_thread("fleet", work);
    if (!thread && threads.empty()) return std::unexpected(thread.error());
    if (!thread) break;
    threads.push_back(*std::move(thread));
  }
  progress.wait();
  return {};
}

}  // namespace hostnet
