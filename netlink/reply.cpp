#include "netlink/reply.h"

#include <linux/netlink.h>

#include <string>

#include "netlink/attributes.h"

namespace hostnet {
namespace {

constexpr std::int32_t kLargestErrno = 4095;  // MAX_ERRNO, include/linux/err.h

// NLMSGERR_ATTR_MSG, in the attributes that follow the error when
// NLM_F_ACK_TLVS is set. Broken ones explain nothing; the error still counts.
std::string explanation_in(std::span<const std::byte> bytes) {
  const auto attributes = AttributeTable<NLMSGERR_ATTR_MSG>::of(bytes);
  return attributes ? attributes->text(NLMSGERR_ATTR_MSG) : "";
}

}  // namespace

bool is_dump(const NetlinkRequest& request) {
  return (request.flags & NLM_F_DUMP) == NLM_F_DUMP;
}

Result<ReplyReader::State> ReplyReader::take(std::span<const std::byte> datagram,
                                             const DumpSink& sink) {
  State state = State::more;
  Result<> walked = walk_messages(datagram, [&](const NetlinkMessage& message) -> Result<> {
    const bool ours = message.sequence == sequence_ && message.port_id == port_id_;
    if (!ours || state != State::more) return {};
    Result<State> next = take_message(message, sink);
    if (!next) return std::unexpected(std::move(next).error());
    state = *next;
    return {};
  });
  if (!walked) return std::unexpected(std::move(walked).error());
  return state;
}

Result<ReplyReader::State> ReplyReader::take_message(const NetlinkMessage& message,
                                                     const DumpSink& sink) const {
  if (is_dump(request_) && (message.flags & NLM_F_DUMP_INTR) != 0) return State::interrupted;
  switch (message.type) {
    case NLMSG_NOOP: return State::more;
    case NLMSG_OVERRUN: return State::interrupted;
    case NLMSG_ERROR: return take_error(message);
    case NLMSG_DONE: return take_done(message);
    default: break;
  }
  if (Result<> taken = sink.on_message(message); !taken) {
    return std::unexpected(std::move(taken).error());
  }
  return State::more;
}

// struct nlmsgerr: the code, then the header of the request and, unless
// NLM_F_CAPPED, its body. Kernels may also send less than the struct.
Result<ReplyReader::State> ReplyReader::take_error(const NetlinkMessage& message) const {
  if (message.payload.size() < sizeof(std::int32_t)) {
    return failure(Reason::malformed, request_.doing + ": an error message without an error");
  }
  const auto error = copy_of<nlmsgerr>(message.payload);
  if (error.error == 0) return State::done;  // the acknowledgement
  std::string explanation;
  if ((message.flags & NLM_F_ACK_TLVS) != 0) {
    const bool capped = (message.flags & NLM_F_CAPPED) != 0;
    const std::size_t request_size = capped ? sizeof(nlmsghdr) : error.msg.nlmsg_len;
    explanation = explanation_in(after(message.payload, sizeof error.error + request_size));
  }
  return kernel_failure(error.error, explanation);
}

// A dump that fails half-way reports it in the integer in NLMSG_DONE.
Result<ReplyReader::State> ReplyReader::take_done(const NetlinkMessage& message) const {
  const auto code = copy_of<std::int32_t>(message.payload);
  if (code >= 0) return State::done;
  return kernel_failure(code, (message.flags & NLM_F_ACK_TLVS) != 0
                                  ? explanation_in(after(message.payload, sizeof code))
                                  : "");
}

std::unexpected<Error> ReplyReader::kernel_failure(std::int32_t code,
                                                   std::string_view explanation) const {
  if (code > 0 || code < -kLargestErrno) {
    return failure(Reason::malformed,
                   request_.doing + ": the kernel's error " + std::to_string(code) + " is none");
  }
  auto error = system_failure(-code, request_.doing);
  if (!explanation.empty()) error.error().message.append(" (").append(explanation).append(")");
  return error;
}

}  // namespace hostnet
