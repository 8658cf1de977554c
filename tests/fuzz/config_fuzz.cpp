#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/config/config_file.h"

// Whatever the bytes: a policy whose ranges are ranges, or one line that says
// what is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto policy = hostnet::parse_config(text, "fuzz.yaml");
  if (!policy) {
    const auto& message = policy.error().message;
    if (!message.starts_with("fuzz.yaml:") || message.find('\n') != message.npos) std::abort();
    return 0;
  }
  for (const auto& reserved : policy->reserved_ports) {
    if (reserved.ports.first == 0 || reserved.ports.first > reserved.ports.last) std::abort();
  }
  for (const auto& rule : policy->ignore) {
    if (rule.matchers.empty() || rule.reason.empty()) std::abort();
  }
  return 0;
}
