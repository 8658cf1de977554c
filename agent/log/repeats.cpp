#include "agent/log/repeats.h"

#include <algorithm>
#include <utility>

namespace hostnet::log {

bool Repeats::Event::is(Level other_level, std::string_view other_message,
                        Fields other_fields) const {
  return level == other_level && message == other_message &&
         std::ranges::equal(fields, other_fields);
}

bool Repeats::admit(WallTime now, Level level, std::string_view message, Fields fields) {
  const auto same = std::ranges::find_if(
      events_, [&](const Event& event) { return event.is(level, message, fields); });
  if (same != events_.end()) {
    ++same->repeated;
    return false;
  }
  if (events_.size() == kMost) events_.pop_front();
  events_.push_back({.first = now,
                     .level = level,
                     .message = std::string(message),
                     .fields = fields,
                     .repeated = 0});
  return true;
}

std::vector<Repeats::Event> Repeats::expired(WallTime now) {
  std::vector<Event> over;
  // A clock set back must not suppress anything for longer than the minute.
  while (!events_.empty() &&
         (now - events_.front().first >= kWindow || now < events_.front().first)) {
    if (events_.front().repeated > 0) over.push_back(std::move(events_.front()));
    events_.pop_front();
  }
  return over;
}

std::vector<Repeats::Event> Repeats::all() {
  std::vector<Event> repeated;
  for (auto& event : events_) {
    if (event.repeated > 0) repeated.push_back(std::move(event));
  }
  events_.clear();
  return repeated;
}

}  // namespace hostnet::log
