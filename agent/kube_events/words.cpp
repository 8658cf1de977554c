#include "agent/kube_events/words.h"

#include "netlink/base/escape.h"
#include "netlink/base/times.h"

namespace hostnet {

bool is_publishable(const Report& report) {
  return report.pods != nullptr && report.pods->synced && !report.pods->stale &&
         report.host_network_namespace;
}

std::string kube_message(std::string_view text, std::size_t limit) {
  constexpr std::string_view kMissing = "...";
  std::string message = terminal_text(text);
  if (message.size() <= limit) return message;
  std::size_t end = 0;
  while (true) {
    const auto character = next_character(std::string_view(message).substr(end));
    if (end + character.size + kMissing.size() > limit) break;
    end += character.size;
  }
  message.resize(end);
  return message + std::string(kMissing);
}

std::string kube_time(WallTime time) {
  return rfc3339(time).substr(0, std::string_view("2026-11-24T20:00:00").size()) + "Z";
}

}  // namespace hostnet
