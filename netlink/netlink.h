#pragma once

// The seam to the kernel's netlink: one request in, messages out. LiveNetlink
// asks the kernel, a recording answers from disk, a test provides its own.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "netlink/base/error.h"
#include "netlink/facts.h"
#include "netlink/messages.h"

namespace hostnet {

// One netlink request without the sequence and port id of its header, which the
// transport fills in. `body` follows struct nlmsghdr (a fixed struct and attributes,
// each padded to 4 bytes).
struct NetlinkRequest {
  int family{};  // NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_NETFILTER...
  std::uint16_t type{};
  std::uint16_t flags{};  // NLM_F_DUMP for a dump; NLM_F_REQUEST is added
  std::vector<std::byte> body;
  std::string doing;  // "listing links": begins every error message
  // Generic netlink only: the answer contains secrets, and only these attributes of
  // its messages may be kept. Empty: all may.
  std::vector<std::uint16_t> recorded_attributes;
  bool operator==(const NetlinkRequest&) const = default;
};

// Receives a dump's messages as they arrive. A dump that the kernel marks inconsistent
// (NLM_F_DUMP_INTR) is repeated: on_restart invalidates everything received so far.
// An error from on_message ends the dump and is returned.
struct DumpSink {
  std::function<void()> on_restart;
  std::function<Result<>(const NetlinkMessage&)> on_message;
};

constexpr std::uint32_t state_bit(SocketState state) {
  return 1U << static_cast<unsigned>(state);
}
inline constexpr std::uint32_t kEverySocketState = 0x3FFE;  // bits 1 to 13

// Selects sockets. An empty `ports` selects every port. Filtering happens in the
// kernel where possible (states; ports by a bytecode program) and is always exact:
// every socket that arrives matches.
struct SocketQuery {
  Protocol protocol{};
  AddressFamily family{};
  std::uint32_t states{};            // state_bit() of each; kEverySocketState
  std::vector<std::uint16_t> ports;  // local ports, sorted and unique
  bool memory{};                     // also fetch Socket::drops (INET_DIAG_SKMEMINFO)
};

struct SocketSink {
  std::function<void()> on_restart;
  std::function<void(const Socket&)> on_socket;
};

// Multicast groups of NETLINK_ROUTE and others. Not thread safe: one owner.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // For poll(2): readable when messages wait. -1 in a recording.
  virtual int descriptor() const = 0;
  // Everything that waits now; never blocks. `overruns` counts ENOBUFS: the
  // kernel dropped messages, so read everything again.
  struct Batch {
    std::size_t messages{};
    std::size_t overruns{};
  };
  virtual Result<Batch> drain(const std::function<void(const NetlinkMessage&)>& on_message) = 0;
};

// Thread safe: every call opens or borrows its own socket. Calls block while the
// kernel fills the reply (netlink dumps run inside sendmsg), at most a receive timeout
// of 5 seconds; no call throws.
class Netlink {
 public:
  virtual ~Netlink() = default;
  virtual Result<> dump(const NetlinkRequest& request, const DumpSink& sink) = 0;
  // sock_diag. Unsupported protocol (SCTP absent): Reason::unsupported.
  virtual Result<> sockets(const SocketQuery& query, const SocketSink& sink) = 0;
  virtual Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                          std::span<const unsigned> groups) = 0;
};

}  // namespace hostnet
