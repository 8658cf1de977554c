#pragma once

#include <atomic>
#include <chrono>

#include "netlink/base/clock.h"

namespace hostnet {

// Stands still until a test moves it. Thread safe.
class FakeClock final : public Clock {
 public:
  SteadyTime steady() const override { return SteadyTime(kUptime + passed_.load()); }
  WallTime wall() const override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(kStart + passed_.load()));
  }
  // What a look costs is what it costs the test: cost() adds to it.
  std::chrono::nanoseconds thread_cpu() const override { return cpu_.load(); }
  void cost(std::chrono::nanoseconds by) { cpu_ = cpu_.load() + by; }
  Result<ClockDiscipline> discipline() const override { return steered; }
  // Set before other threads use the clock.
  Result<ClockDiscipline> steered = Clock::discipline();
  void advance(std::chrono::nanoseconds by) { passed_ = passed_.load() + by; }

 private:
  // 2026-01-02T03:04:05Z, an hour after boot.
  static constexpr std::chrono::nanoseconds kStart = std::chrono::seconds(1767323045);
  static constexpr std::chrono::nanoseconds kUptime = std::chrono::hours(1);
  std::atomic<std::chrono::nanoseconds> cpu_{std::chrono::nanoseconds{0}};
  std::atomic<std::chrono::nanoseconds> passed_{std::chrono::nanoseconds{0}};
};

}  // namespace hostnet
