#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/ports/parse_port.h"
#include "agent/ports/port_ranges.h"
#include "agent/reserve/plan.h"

// What the kernel's lists of ports say, and what users write: read and written, it is the same set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ranges = hostnet::parse_port_list(text)) {
    const auto ports = hostnet::port_set(*ranges);
    const auto again = hostnet::parse_port_list(hostnet::port_list(*ranges));
    if (!again || hostnet::port_set(*again) != ports) std::abort();
    if (hostnet::ranges_of(ports) != hostnet::ranges_of(hostnet::port_set(*again))) std::abort();
  }
  if (const auto range = hostnet::parse_port_range(text)) {
    if (range->first > range->last) std::abort();
  }
  if (const auto port = hostnet::parse_port(text); !port && port.error().empty()) std::abort();
  return 0;
}
