#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/unix_listener.h"
#include "netlink/base/error.h"
#include "netlink/base/unique_fd.h"

// Turns --web.listen-address into listening sockets.
namespace hostnet {

struct ListenAddress {
  std::string text;  // as given
  std::string host;  // empty: every address of both families
  std::uint16_t port{};
  std::string unix_path;  // instead of host and port
  bool operator==(const ListenAddress&) const = default;
};

// "host:port", ":port", "[v6]:port", "unix:/path".
Result<ListenAddress> parse_listen_address(std::string_view text);

struct BoundAddress {
  std::string text;  // "127.0.0.1:20000", "[::]:20000", "unix:/run/x.sock"
  std::uint16_t port{};
  std::uint64_t inode{};  // of the listening socket: how /proc/net/tcp names it
  bool operator==(const BoundAddress&) const = default;
};

struct Listener {
  UniqueFd socket;  // listening, non-blocking
  BoundAddress bound;
  UnixSocketFile unix_file;
  // Its clients get everything, in plain text: the file's mode admits only its owner and root.
  bool trusted{};
};

// Listens with SO_REUSEADDR and never SO_REUSEPORT, which would let a second
// agent share the port silently. A wildcard is dual-stack; ":port" is IPv4-only
// if the kernel has no IPv6. A host name is bound at each of its addresses.
// EADDRINUSE is in system_error. `socket_group` may connect to unix sockets too
// (listen_unix).
Result<std::vector<Listener>> listen_on(const ListenAddress& address,
                                        const std::string& socket_group = {});

// The sockets that systemd passed to this process (sd_listen_fds(3)), checked
// to be listening stream sockets. Empty when there are none.
Result<std::vector<Listener>> activated_listeners();

}  // namespace hostnet
