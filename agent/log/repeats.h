#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/log/log.h"

namespace hostnet::log {

// What was said within the last minute, so that a fault that returns every
// second is one line a minute and not sixty. Not thread safe.
class Repeats {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::size_t kMost = 128;  // different messages; the oldest is forgotten

  struct Event {
    WallTime first;
    Level level{};
    std::string message;
    std::vector<Field> fields;
    std::size_t repeated{};  // how often it was not written
    bool is(Level other_level, std::string_view other_message, Fields other_fields) const;
  };

  // Whether to write this event; when not, it is counted.
  bool admit(WallTime now, Level level, std::string_view message, Fields fields);
  // Events whose minute is over and that were repeated in it. They are
  // forgotten, and so are those that were not repeated.
  std::vector<Event> expired(WallTime now);
  // All that were repeated, whatever their age; nothing is remembered after.
  std::vector<Event> all();

 private:
  std::list<Event> events_;  // oldest first
};

}  // namespace hostnet::log
