#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace hostnet {

// The kernel keeps some counters in 32 bits (softnet, conntrack's per-CPU
// statistics), which wrap in minutes on a busy node. Updated often enough, they
// continue in 64 bits. A decrease by less than half the range is not a wrap but a
// reset (a module was reloaded, a CPU returned): the counter starts again.
class WidenedCounter {
 public:
  std::uint64_t update(std::uint32_t now) {
    const std::uint32_t step = now - last_;  // modulo 2^32, so correct across a wrap
    if (now < last_ && step >= 0x80000000U) {
      total_ = now;
    } else {
      total_ += step;
    }
    last_ = now;
    return total_;
  }

 private:
  std::uint32_t last_{};
  std::uint64_t total_{};
};

// WidenedCounters by name; a collector's closure keeps one between scrapes.
class Widener {
 public:
  std::uint64_t widen(std::string_view key, std::uint32_t now) {
    auto found = counters_.find(key);
    if (found == counters_.end()) {
      found = counters_.emplace(std::string(key), WidenedCounter{}).first;
    }
    return found->second.update(now);
  }

 private:
  std::map<std::string, WidenedCounter, std::less<>> counters_;
};

}  // namespace hostnet
