#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "agent/http/http_server.h"

namespace hostnet {

// A handler can stand here until the test lets it go. Its end waits until nobody stands here: a
// handler that its server left behind may still be on its way out.
class Turnstile {
 public:
  Turnstile() = default;
  Turnstile(const Turnstile&) = delete;
  Turnstile& operator=(const Turnstile&) = delete;
  ~Turnstile() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return passed_ == waiting_; });
  }

  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    ++passed_;
    changed_.notify_all();
  }
  void await_waiting(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_{}, passed_{};
  bool open_{};
};

// A server as the agent has one: open /metrics and /healthz, guarded /ports.
struct Serving {
  Turnstile turnstile;  // behind /slow and /body
  std::unique_ptr<HttpServer> server;
  std::atomic<int> together{
      0};  // calls of the handler of /together, which passes it too; /whole: now
  std::uint16_t port{};
  std::string scheme;

  explicit Serving(ServerOptions options = {});
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  ~Serving();
};

inline const std::string kMetricsBody = "# TYPE up gauge\nup 1\n";
std::string big_body();  // 2 MB that gzip shrinks well

}  // namespace hostnet
