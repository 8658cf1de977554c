#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/reserve/kept_state.h"

// What is read is written so that it is read again, the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto state = hostnet::parse_kept_state(text);
  if (!state) return 0;
  const auto again = hostnet::parse_kept_state(hostnet::to_text(*state));
  if (!again || *again != *state) std::abort();
  return 0;
}
