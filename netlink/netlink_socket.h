#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "netlink/netlink.h"

struct mnl_socket;

namespace hostnet {

// One bound netlink socket, CLOEXEC from birth.
class NetlinkSocket {
 public:
  // `doing` begins the error messages of this socket.
  static Result<NetlinkSocket> open(int family, std::string doing);

  // Reuses the socket for another request: `doing` begins the error messages from now on.
  void reuse(std::string doing) { doing_ = std::move(doing); }

  int descriptor() const;
  std::uint32_t port_id() const;
  Result<> send(const NetlinkRequest& request, std::uint32_t sequence);
  Result<> join(unsigned group);
  // Best effort: as large as the process is allowed.
  void set_receive_buffer(int bytes);

  // The next datagram from the kernel; datagrams of other senders are dropped. The
  // result is the filled part of `buffer`. Error::system_error is EAGAIN when nothing
  // arrived in 5 seconds (`wait`) or nothing is queued (not `wait`), ENOBUFS when the
  // kernel had to drop messages for this socket.
  Result<std::span<const std::byte>> receive(std::span<std::byte> buffer, bool wait);

 private:
  struct Closer {
    void operator()(mnl_socket* socket) const;
  };
  NetlinkSocket(std::unique_ptr<mnl_socket, Closer> socket, std::string doing)
      : socket_(std::move(socket)), doing_(std::move(doing)) {}

  std::unique_ptr<mnl_socket, Closer> socket_;
  std::string doing_;
};

// Enough for every datagram: the kernel fills at most 32 KiB of a buffer.
inline constexpr std::size_t kReceiveBuffer = std::size_t{64} * 1024;

}  // namespace hostnet
