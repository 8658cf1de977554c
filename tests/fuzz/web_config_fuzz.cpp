#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/http/settings/web_config.h"

// Whatever the bytes: settings that can be acted on, or one line that names the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = hostnet::parse_web_config(text, "web.yml");
  if (!config) {
    const auto& message = config.error().message;
    if (!message.starts_with("web.yml") || message.find('\n') != message.npos) std::abort();
    return 0;
  }
  for (const auto& [name, value] : config->headers) {
    if (name.find_first_of("\r\n") != name.npos || value.find_first_of("\r\n") != value.npos) {
      std::abort();
    }
  }
  // Nobody signs in only where the file says so.
  if (config->given_up.users && !config->users.empty()) std::abort();
  if (config->rate_limit.burst < 1 || config->rate_limit.interval.count() < 0) std::abort();
  return 0;
}
