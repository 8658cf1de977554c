#include "netlink/tcp_states.h"

#include <linux/inet_diag.h>

#include <string>

#include "netlink/attributes.h"
#include "netlink/sock_diag.h"

namespace hostnet {

NetlinkRequest tcp_states_request() {
  SocketQuery query;
  query.states = kEverySocketState & ~state_bit(SocketState::bound_inactive);
  return tcp_request_of_both_families(query);
}

Result<TcpState> decode_tcp_state(const NetlinkMessage& message) {
  const auto reply = copy_of<inet_diag_msg>(message.payload);
  if (message.payload.size() < sizeof reply) {
    return failure(Reason::malformed,
                   "reading a tcp socket: " + std::to_string(message.payload.size()) + " bytes");
  }
  return TcpState{static_cast<SocketState>(reply.idiag_state), reply.idiag_rqueue,
                  reply.idiag_wqueue};
}

}  // namespace hostnet
