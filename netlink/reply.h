#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "netlink/netlink.h"

namespace hostnet {

// The rules of netlink replies, separate from the socket: which messages answer the
// request, and which end the reply.
class ReplyReader {
 public:
  enum class State { more, done, interrupted };

  ReplyReader(const NetlinkRequest& request, std::uint32_t sequence, std::uint32_t port_id)
      : request_(request), sequence_(sequence), port_id_(port_id) {}

  // One datagram. Messages with another sequence or port id are not ours and are
  // skipped. `interrupted`: the reply is inconsistent (NLM_F_DUMP_INTR,
  // NLMSG_OVERRUN), repeat the request. An error comes from the kernel (NLMSG_ERROR, or
  // inside NLMSG_DONE) or the sink, or is Reason::malformed.
  Result<State> take(std::span<const std::byte> datagram, const DumpSink& sink);

 private:
  Result<State> take_message(const NetlinkMessage& message, const DumpSink& sink) const;
  Result<State> take_error(const NetlinkMessage& message) const;
  Result<State> take_done(const NetlinkMessage& message) const;
  std::unexpected<Error> kernel_failure(std::int32_t code, std::string_view explanation) const;

  const NetlinkRequest& request_;
  std::uint32_t sequence_;
  std::uint32_t port_id_;
};

// Whether a request asks for a whole table.
bool is_dump(const NetlinkRequest& request);

}  // namespace hostnet
