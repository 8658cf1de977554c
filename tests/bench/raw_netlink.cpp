#include "raw_netlink.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace hostnet {

RawNetlink::RawNetlink(int protocol)
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (fd_ < 0) std::perror("floor: netlink");
}

RawNetlink::~RawNetlink() {
  ::close(fd_);
}

void RawNetlink::dump(int type, std::span<const std::byte> body,
                      const std::function<void(const nlmsghdr&)>& on_message) {
  std::vector<std::byte> request(NLMSG_HDRLEN + body.size());
  nlmsghdr head{};
  head.nlmsg_len = static_cast<std::uint32_t>(request.size());
  head.nlmsg_type = static_cast<std::uint16_t>(type);
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::memcpy(request.data(), &head, sizeof head);
  std::memcpy(request.data() + NLMSG_HDRLEN, body.data(), body.size());
  if (::send(fd_, request.data(), request.size(), 0) < 0) std::perror("floor: dump");
  for (;;) {
    const auto got = ::recv(fd_, buffer_, sizeof buffer_, 0);
    if (got <= 0) return std::perror("floor: recv");
    for (std::size_t at = 0; at + sizeof(nlmsghdr) <= static_cast<std::size_t>(got);) {
      const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_ + at);
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return;
      on_message(*message);
      at += NLMSG_ALIGN(message->nlmsg_len);
    }
  }
}

}  // namespace hostnet
