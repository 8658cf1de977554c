#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "netlink/base/times.h"

// Durations as Go writes them, and times of RFC 3339.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto duration = hostnet::parse_duration(text)) {
    if (text.empty() || (duration->count() < 0) != text.starts_with('-')) {
      if (duration->count() != 0) std::abort();
    }
  }
  static_cast<void>(hostnet::parse_rfc3339(text));
  return 0;
}
