#include "agent/log/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <string>
#include <utility>

#include "netlink/base/wake_up.h"

namespace hostnet::log {
namespace {

// For a reader that is only slow. After a loss nobody waits until there is room again.
constexpr std::chrono::milliseconds kPatience{100};
using Clock = std::chrono::steady_clock;

}  // namespace

bool LineWriter::has_room(std::chrono::milliseconds patience) const {
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return wait_for_input({&waiting, 1}, std::max(patience, std::chrono::milliseconds{0}));
}

// A pipe or socket that polls as writable takes PIPE_BUF bytes at once.
bool LineWriter::write_pieces(std::string_view text) {
  Interrupted interrupted;
  const auto until = Clock::now() + (lost_ > 0 ? std::chrono::milliseconds{0} : kPatience);
  while (!text.empty()) {
    if (!has_room(std::chrono::floor<std::chrono::milliseconds>(until - Clock::now())))
      return false;
    const auto written =
        ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && interrupted.again()) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
    cut_ = true;
  }
  cut_ = false;
  return true;
}

void LineWriter::write(std::string_view line) {
  std::string text = cut_ ? "\n" : "";
  text += line;
  text += '\n';
  if (!write_pieces(text)) ++lost_;
}

std::size_t LineWriter::take_lost() {
  return lost_ > 0 && has_room({}) ? std::exchange(lost_, 0) : 0;
}

}  // namespace hostnet::log
