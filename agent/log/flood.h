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

// Two hundred ports that flap say the same message with other fields each time: what comes
// too fast is counted. Not thread safe.
class Flood {
 public:
  static constexpr int kBurst = 50;
  static constexpr std::chrono::seconds kRefill{5}, kTold{10};
  static constexpr std::size_t kMost = 256;  // messages; they are constants of the program

  struct Count {
    Level level{};
    std::string message;
    std::size_t suppressed{};
  };

  // Whether to write a line of this message; when not, it is counted.
  bool admit(SteadyTime now, Level level, std::string_view message);
  // What was counted for kTold, which is then counted anew.
  std::vector<Count> due(SteadyTime now);
  std::vector<Count> all();

 private:
  struct Message {
    TokenBucket bucket{kBurst, kRefill};
    std::size_t suppressed{};
    SteadyTime since;  // of the first that was suppressed
    Level level{};     // the most severe of them
  };
  std::map<std::string, Message, std::less<>> messages_;
  SteadyTime last_;
};

}  // namespace hostnet::log
