#include "netlink/genetlink/nl80211.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = hostnet::message_of(0x1c, data, size);
  static_cast<void>(hostnet::decode_wifi_interface(message));
  static_cast<void>(hostnet::decode_wifi_station(message));
  static_cast<void>(hostnet::decode_wifi_network(message));
  return 0;
}
