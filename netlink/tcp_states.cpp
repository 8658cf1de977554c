#include "netlink/tcp_states.h"

#include <linux/inet_diag.h>
#include <sys/socket.h>

#include <string>

#include "netlink/attributes.h"
#include "netlink/request.h"

namespace hostnet {

NetlinkRequest tcp_states_request() {
  inet_diag_req request{};
  request.idiag_family = AF_INET;
  request.idiag_states = kEverySocketState & ~state_bit(SocketState::bound_inactive);
  return std::move(
             RequestBuilder(NETLINK_SOCK_DIAG, TCPDIAG_GETSOCK, NLM_F_DUMP, "listing tcp sockets")
                 .fixed(request))
      .build();
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
