#include <cstdint>
#include <span>

#include "netlink/bind_events/decode_bind_event.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto event = hostnet::decode_bind_event(std::as_bytes(std::span(data, size)));
  if (event && (event->port == 0 || event->binder.process <= 0 || event->binder.comm.size() > 16)) {
    __builtin_trap();
  }
  return 0;
}
