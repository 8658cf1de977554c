#include "agent/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t terminal_width() {
  if (!on_a_terminal()) return 0;
  constexpr std::size_t kUsual = 80;
  if (const auto columns = parse_number<std::size_t>(environment("COLUMNS"))) return *columns;
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsual;
}

bool wants_color(ColorWhen when) {
  if (when != ColorWhen::automatic) return when == ColorWhen::always;
  return on_a_terminal() && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

}  // namespace

bool on_a_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

TextStyle style_of(const CommandOptions& options) {
  TextStyle style = options.style;
  style.width = options.width.value_or(style.wide ? 0 : terminal_width());
  style.color = wants_color(options.color);
  return style;
}

}  // namespace hostnet
