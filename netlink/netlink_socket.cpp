#include "netlink/netlink_socket.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "netlink/attributes.h"
#include "netlink/base/wake_up.h"
#include "netlink/reply.h"

namespace hostnet {
namespace {

constexpr timeval kReceiveTimeout{.tv_sec = 5};
constexpr int kMostFromOthers = 1'000;  // in a row: a sender of that many blocks the answer

}  // namespace

void NetlinkSocket::Closer::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Result<NetlinkSocket> NetlinkSocket::open(int family, std::string doing) {
  NetlinkSocket opened({}, std::move(doing));
  opened.socket_.reset(mnl_socket_open2(family, SOCK_CLOEXEC));
  if (!opened.socket_ || mnl_socket_bind(opened.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    return system_failure(errno, opened.doing_ + ": opening a netlink socket");
  }
  if (setsockopt(opened.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &kReceiveTimeout,
                 sizeof kReceiveTimeout) < 0) {
    return system_failure(errno, opened.doing_ + ": setting a receive timeout");
  }
  // Explanations, and errors that do not repeat our request; kernels before 4.12 have
  // neither, which loses nothing.
  int on = 1;
  mnl_socket_setsockopt(opened.socket_.get(), NETLINK_EXT_ACK, &on, sizeof on);
  mnl_socket_setsockopt(opened.socket_.get(), NETLINK_CAP_ACK, &on, sizeof on);
  return opened;
}

int NetlinkSocket::descriptor() const {
  return mnl_socket_get_fd(socket_.get());
}

std::uint32_t NetlinkSocket::port_id() const {
  return mnl_socket_get_portid(socket_.get());
}

Result<> NetlinkSocket::send(const NetlinkRequest& request, std::uint32_t sequence) {
  std::vector<std::byte> bytes(sizeof(nlmsghdr) + request.body.size());
  nlmsghdr* header = mnl_nlmsg_put_header(bytes.data());
  header->nlmsg_len = static_cast<std::uint32_t>(bytes.size());
  header->nlmsg_type = request.type;
  header->nlmsg_flags = static_cast<std::uint16_t>(request.flags | NLM_F_REQUEST |
                                                   (is_dump(request) ? 0 : NLM_F_ACK));
  header->nlmsg_seq = sequence;
  if (!request.body.empty()) {
    std::memcpy(bytes.data() + sizeof(nlmsghdr), request.body.data(), request.body.size());
  }
  Interrupted interrupted;
  while (mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0) {
    if (!interrupted.again()) return system_failure(errno, doing_);
  }
  return {};
}

Result<> NetlinkSocket::join(unsigned group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0) {
    return system_failure(errno, doing_ + ": joining group " + std::to_string(group));
  }
  return {};
}

void NetlinkSocket::set_receive_buffer(int bytes) {
  if (setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) {
    setsockopt(descriptor(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
}

Result<std::span<const std::byte>> NetlinkSocket::receive(std::span<std::byte> buffer, bool wait) {
  Interrupted interrupted;
  for (int from_others = 0; from_others < kMostFromOthers;) {
    sockaddr_nl sender{};
    iovec place{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &place;
    header.msg_iovlen = 1;
    const ssize_t length = recvmsg(descriptor(), &header, wait ? 0 : MSG_DONTWAIT);
    if (length < 0 && interrupted.again()) continue;
    if (length < 0) return system_failure(errno, doing_);
    // Any process with the right may send to our port id; the kernel's port id is 0.
    if (header.msg_namelen < sizeof sender || sender.nl_pid != 0) {
      ++from_others;
      continue;
    }
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      return failure(Reason::malformed, doing_ + ": a message is longer than " +
                                            std::to_string(buffer.size()) + " bytes");
    }
    return buffer.first(static_cast<std::size_t>(length));
  }
  return failure(Reason::exhausted, doing_ + ": other processes flood the netlink socket");
}

}  // namespace hostnet
