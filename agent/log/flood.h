#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/log/log.h"
#include "netlink/base/token_bucket.h"

namespace hostnet::log {

// Two hundred flapping ports log the same message with different fields each time: messages beyond
// the rate limit are only counted. Not thread safe.
class Flood {
 public:
  static constexpr int kBurst = 50;
  static constexpr std::chrono::seconds kRefill{5}, kTold{10};
  static constexpr std::size_t kMost = 256;  // messages, which are constants of the program

  struct Count {
    Level level{};
    std::string message;
    std::size_t suppressed{};
  };

  // Whether to write a line with this message; if not, it is counted.
  bool admit(SteadyTime now, Level level, std::string_view message);
  // Counts that are kTold old; they are reset.
  std::vector<Count> due(SteadyTime now);
  std::vector<Count> all();

 private:
  struct Message {
    TokenBucket bucket{kBurst, kRefill};
    std::size_t suppressed{};
    SteadyTime since;  // of the first suppressed line
    Level level{};     // the most severe suppressed level
  };
  std::map<std::string, Message, std::less<>> messages_;
  SteadyTime last_;
};

}  // namespace hostnet::log
