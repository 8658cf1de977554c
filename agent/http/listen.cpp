#include "agent/http/listen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "agent/http/peers/peer.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFirstActivatedFd = 3;  // SD_LISTEN_FDS_START

std::unexpected<Error> listen_failure(const std::string& text, int system_error) {
  return system_failure(system_error, "listening on " + text);
}

Result<Listener> finish(UniqueFd socket, const std::string& text) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  struct stat status{};
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0 ||
      fstat(socket.get(), &status) != 0) {
    return listen_failure(text, errno);
  }
  Listener listener;
  listener.bound.text = name.ss_family == AF_UNIX ? text : address_text(name);
  listener.bound.port = port_of(name);
  listener.bound.inode = status.st_ino;
  listener.socket = std::move(socket);
  return listener;
}

Result<Listener> listen_tcp(const sockaddr* address, socklen_t size, const std::string& text) {
  UniqueFd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return listen_failure(text, errno);
  const int on = 1;
  const int off = 0;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return listen_failure(text, errno);
  }
  if (address->sa_family == AF_INET6 &&
      setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return listen_failure(text, errno);
  }
  if (bind(socket.get(), address, size) != 0 || listen(socket.get(), kBacklog) != 0) {
    return listen_failure(text, errno);
  }
  return finish(std::move(socket), text);
}

Result<Listener> listen_everywhere(const ListenAddress& address) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  auto listener = listen_tcp(reinterpret_cast<const sockaddr*>(&v6), sizeof v6, address.text);
  if (listener || (listener.error().system_error != EAFNOSUPPORT &&
                   listener.error().system_error != EADDRNOTAVAIL)) {
    return listener;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  return listen_tcp(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, address.text);
}

Result<Listener> listen_at_path(const ListenAddress& address, const std::string& group) {
  auto opened = listen_unix(address.unix_path, group, address.text);
  if (!opened) return std::unexpected(std::move(opened.error()));
  auto listener = finish(std::move(opened->socket), address.text);
  if (listener) listener->unix_file = std::move(opened->file);
  return listener;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return failure(Reason::malformed, fmt::format("listen address \"{}\": {}", text, why));
  };
  ListenAddress address{.text = std::string(text), .port = 0};
  if (text.starts_with("unix:")) {
    address.unix_path = text.substr(5);
    if (!address.unix_path.starts_with('/')) return refuse("the path after unix: is not absolute");
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return refuse("expected HOST:PORT or :PORT");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.empty()) return refuse("no address between the brackets");
  } else if (host.contains(':')) {
    return refuse("an IPv6 address goes in brackets, as in [::1]:20000");
  }
  const auto number = parse_number<std::uint16_t>(port);
  if (!number) return refuse("the port is not a number from 0 to 65535");
  address.port = *number;
  address.host = host;
  return address;
}

Result<std::vector<Listener>> listen_on(const ListenAddress& address,
                                        const std::string& socket_group) {
  std::vector<Listener> listeners;
  if (!address.unix_path.empty() || address.host.empty()) {
    auto listener = address.unix_path.empty() ? listen_everywhere(address)
                                              : listen_at_path(address, socket_group);
    if (!listener) return std::unexpected(std::move(listener.error()));
    listeners.push_back(std::move(*listener));
    return listeners;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int code = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &raw); code != 0) {
    return failure(Reason::unreachable, "listening on " + address.text + ": " + gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  std::optional<Error> absent;
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    auto listener = listen_tcp(at->ai_addr, at->ai_addrlen, address.text);
    if (listener) {
      listeners.push_back(std::move(*listener));
      continue;
    }
    const int code = listener.error().system_error;
    // localhost resolves to ::1 even on nodes without IPv6: one working address is enough.
    if (code != EADDRNOTAVAIL && code != EAFNOSUPPORT) return std::unexpected(listener.error());
    absent = listener.error();
  }
  if (listeners.empty() && absent) return std::unexpected(*absent);
  return listeners;
}

Result<std::vector<Listener>> activated_listeners() {
  std::vector<Listener> listeners;
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::to_string(getpid()) != pid) return listeners;
  const auto number = parse_number<unsigned>(count);
  if (!number || *number > 1024) {
    return failure(Reason::malformed, fmt::format("LISTEN_FDS={}: not a number", count));
  }
  const auto passed = static_cast<int>(*number);
  for (int fd = kFirstActivatedFd; fd < kFirstActivatedFd + passed; ++fd) {
    const std::string text = fmt::format("socket-activation:{}", fd);
    int listening = 0;
    socklen_t size = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
      return listen_failure(text, errno);
    }
    if (listening == 0) {
      return failure(Reason::malformed, "listening on " + text + ": not a listening socket");
    }
    UniqueFd socket(fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
      return listen_failure(text, errno);
    }
    auto listener = finish(std::move(socket), text);
    if (!listener) return std::unexpected(listener.error());
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

}  // namespace hostnet
