#include "agent/log/flood.h"

#include <algorithm>
#include <utility>

namespace hostnet::log {

bool Flood::admit(SteadyTime now, Level level, std::string_view message) {
  if (level == Level::debug) return true;
  if (now < last_) messages_.clear();  // a clock set back must not suppress anything
  last_ = now;
  auto at = messages_.find(message);
  if (at == messages_.end()) {
    if (messages_.size() >= kMost) return true;
    at = messages_.emplace(message, Message{}).first;
  }
  Message& known = at->second;
  if (known.bucket.has(now)) {
    known.bucket.take(now);
    return true;
  }
  if (known.suppressed++ == 0) {
    known.since = now;
    known.level = level;
  }
  known.level = std::max(known.level, level);
  return false;
}

std::vector<Flood::Count> Flood::due(SteadyTime now) {
  std::vector<Count> counts;
  for (auto& [message, known] : messages_) {
    if (known.suppressed == 0 || now - known.since < kTold) continue;
    counts.push_back({known.level, message, std::exchange(known.suppressed, 0)});
  }
  return counts;
}

std::vector<Flood::Count> Flood::all() {
  std::vector<Count> counts;
  for (auto& [message, known] : messages_) {
    if (known.suppressed > 0) {
      counts.push_back({known.level, message, std::exchange(known.suppressed, 0)});
    }
  }
  return counts;
}

}  // namespace hostnet::log
