#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "agent/http/http_server.h"

namespace hostnet {

// The counters that the server's threads update while they work.
struct Counters {
  std::atomic<std::uint64_t> accepted;
  std::atomic<std::uint64_t> open;
  std::atomic<std::uint64_t> in_flight;
  std::atomic<std::uint64_t> overloaded;
  std::atomic<std::uint64_t> timed_out;
  std::atomic<std::uint64_t> evicted;
  std::atomic<std::uint64_t> cut;
  std::atomic<std::uint64_t> tls_failures;

  void count(const HttpRoute* route, int status) {
    const std::scoped_lock lock(mutex_);
    ++requests_[{route == nullptr ? std::string() : route->path, status}];
  }

  ServerStats stats() const {
    const std::scoped_lock lock(mutex_);
    return {.accepted = accepted,
            .open = open,
            .in_flight = in_flight,
            .overloaded = overloaded,
            .timed_out = timed_out,
            .evicted = evicted,
            .cut = cut,
            .tls_failures = tls_failures,
            .requests = requests_};
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;
};

}  // namespace hostnet
