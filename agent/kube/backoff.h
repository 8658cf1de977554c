#pragma once

#include <chrono>
#include <optional>
#include <random>

namespace hostnet {

// A random number from 0 to 1, generated per thread: for Backoff and for spreading starts.
inline double random_share() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<>(0, 1)(source);
}

// How long to wait before retrying: doubled after each failure, with jitter, so that
// a cluster's agents do not all return at once. Pure: the random number (0 to 1) is
// an argument.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration kFirst{800};  // as in client-go's reflector
  static constexpr Duration kLongest{30'000};
  static constexpr Duration kLongestAskedFor{300'000};

  explicit Backoff(Duration first = kFirst) : first_(first), step_(first) {}

  // The pause after one more failure: half of the step to all of it. Where the server
  // asked for a pause (Retry-After): at least that pause, plus up to a quarter, and at
  // most kLongestAskedFor.
  Duration next(double random, std::optional<std::chrono::seconds> retry_after = {});
  void reset() { step_ = first_; }

 private:
  Duration first_, step_;
};

}  // namespace hostnet
