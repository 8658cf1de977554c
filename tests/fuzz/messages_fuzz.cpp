#include <cstdlib>

#include "netlink/messages.h"

namespace {

// Reads every byte that the splitter says is there, so that a byte out of
// bounds is a report of the address sanitizer.
unsigned sum_of(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  return sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  volatile unsigned sum = 0;
  static_cast<void>(hostnet::for_each_message(
      std::as_bytes(std::span(data, size)), [&](const hostnet::NetlinkMessage& message) {
        sum = sum + sum_of(message.payload);
        return hostnet::for_each_attribute(
            message.payload, [&](const hostnet::NetlinkAttribute& attribute) {
              sum = sum + sum_of(attribute.value);
              return hostnet::for_each_attribute(
                  attribute.value,
                  [](const hostnet::NetlinkAttribute&) -> hostnet::Result<> { return {}; });
            });
      }));
  return 0;
}
