#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/log/log.h"

namespace hostnet::log {

// Events of the last minute, so that a fault that recurs every second is logged once a minute and
// not sixty times. Not thread safe.
class Repeats {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::size_t kMost = 128;  // different messages; the oldest is forgotten

  struct Event {
    WallTime first;
    Level level{};
    std::string message;
    std::vector<Field> fields;
    std::size_t repeated{};  // how often it was suppressed
    bool is(Level other_level, std::string_view other_message, Fields other_fields) const;
  };

  // Whether to write this event; if not, it is counted.
  bool admit(WallTime now, Level level, std::string_view message, Fields fields);
  // Removes the events older than a minute and returns those that were repeated.
  std::vector<Event> expired(WallTime now);
  // Removes all events and returns those that were repeated, whatever their age.
  std::vector<Event> all();

 private:
  std::list<Event> events_;  // oldest first
};

}  // namespace hostnet::log
