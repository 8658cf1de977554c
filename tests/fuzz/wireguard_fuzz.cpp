#include "netlink/genetlink/wireguard.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(hostnet::decode_wireguard_port(hostnet::message_of(0x21, data, size)));
  return 0;
}
