#include <linux/sock_diag.h>

#include "netlink/sock_diag.h"
#include "netlink/tcp_states.h"
#include "tests/fuzz/netlink_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = hostnet::message_of(SOCK_DIAG_BY_FAMILY, data, size);
  static_cast<void>(hostnet::decode_tcp_state(message));
  const auto socket = hostnet::decode_socket(message, hostnet::Protocol::tcp);
  if (socket) {
    const hostnet::SocketQuery query{.states = hostnet::kEverySocketState, .ports = {80, 443}};
    static_cast<void>(hostnet::matches(query, *socket));
    static_cast<void>(socket->local.to_string());
  }
  return 0;
}
