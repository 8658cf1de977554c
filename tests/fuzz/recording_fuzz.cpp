#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "netlink/node/recording/recording.h"

// Any text is an index or an error; an index survives being written and read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hostnet;
  const auto index = parse_recording_index({reinterpret_cast<const char*>(data), size});
  if (!index) return 0;
  const auto text = to_json(*index);
  const auto again = parse_recording_index(text);
  if (!again || to_json(*again) != text) std::abort();
  return 0;
}
