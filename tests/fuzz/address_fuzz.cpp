#include <linux/rtnetlink.h>

#include "netlink/rtnetlink/rtnetlink.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(hostnet::decode_address(hostnet::message_of(RTM_NEWADDR, data, size)));
  return 0;
}
