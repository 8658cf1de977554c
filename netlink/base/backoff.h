#pragma once

#include <chrono>
#include <optional>
#include <random>

namespace hostnet {

// From 0 to 1, of this thread's own source: for Backoff and whoever spreads starts.
inline double random_share() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<>(0, 1)(source);
}

// How long to wait before trying again: doubled with each failure, with jitter,
// so that a cluster's agents do not return all at once. Pure: what is random
// (0 to 1) is an argument.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration kFirst{800};  // as client-go's reflector
  static constexpr Duration kLongest{30'000};
  static constexpr Duration kLongestAskedFor{300'000};

  explicit Backoff(Duration first = kFirst) : first_(first), step_(first) {}

  // After one more failure. From half of the step to all of it; where the server
  // asked for a pause (Retry-After) that and up to a quarter more, at most
  // kLongestAskedFor.
  Duration next(double random, std::optional<std::chrono::seconds> retry_after = {});
  void reset() { step_ = first_; }

 private:
  Duration first_, step_;
};

}  // namespace hostnet
