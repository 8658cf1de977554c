#include "agent/kube/streams/tcp_stream.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "agent/kube/cluster_access.h"
#include "netlink/base/real_time.h"
#include "netlink/base/unique_fd.h"

namespace hostnet {
namespace {

std::unexpected<Error> too_late(const std::string& name) {
  return failure(Reason::timeout, name + ": no answer in time");
}

// Waits until the descriptor is readable or writable, or the deadline has passed.
Result<> wait_for(int descriptor, short events, SteadyTime deadline, const std::string& name) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now()).count();
    if (left <= 0) return too_late(name);
    pollfd waited{.fd = descriptor, .events = events, .revents = 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min<long>(left, 60'000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_failure(errno, name);
  }
}

class TcpStream final : public ByteStream {
 public:
  TcpStream(UniqueFd socket, SteadyTime deadline, std::string name)
      : socket_(std::move(socket)), deadline_(deadline), name_(std::move(name)) {}

  Result<> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (auto again = wait_if_busy(POLLOUT); !again) {
        return again;
      }
    }
    return {};
  }

  Result<std::string> read() override {
    std::string bytes(kReadSize, '\0');
    while (true) {
      if (steady_now() > deadline_) return too_late(name_);
      const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (got >= 0) {
        bytes.resize(static_cast<std::size_t>(got));
        return bytes;
      }
      if (auto again = wait_if_busy(POLLIN); !again) return std::unexpected(again.error());
    }
  }

 private:
  Result<> wait_if_busy(short events) const {
    // Retried after each interruption, until the deadline.
    if (errno != EAGAIN && errno != EINTR) return system_failure(errno, name_);
    return wait_for(socket_.get(), events, deadline_, name_);
  }

  UniqueFd socket_;
  SteadyTime deadline_;
  std::string name_;
};

Result<UniqueFd> connect_to(const Endpoint::Address& address, const std::string& name,
                            SteadyTime deadline) {
  UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_failure(errno, name);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* const where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(socket.get(), where, address.size) == 0) return socket;
  if (errno != EINPROGRESS) return system_failure(errno, name);
  if (auto waited = wait_for(socket.get(), POLLOUT, deadline, name); !waited) {
    return std::unexpected(waited.error());
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return system_failure(error, name);
  return socket;
}

}  // namespace

Result<Endpoint> resolve(const std::string& host, int port) {
  Endpoint endpoint{.name = host_and_port(host, port), .addresses = {}};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return failure(Reason::unreachable,
                   fmt::format("{}: {}", endpoint.name, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Endpoint::Address address{.storage = {}, .size = one->ai_addrlen};
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    endpoint.addresses.push_back(address);
  }
  return endpoint;
}

Result<std::unique_ptr<ByteStream>> connect_tcp(const Endpoint& endpoint, SteadyTime deadline) {
  Error last{.reason = Reason::unreachable, .system_error = 0, .message = endpoint.name};
  for (const Endpoint::Address& address : endpoint.addresses) {
    auto socket = connect_to(address, endpoint.name, deadline);
    if (socket) return std::make_unique<TcpStream>(*std::move(socket), deadline, endpoint.name);
    last = socket.error();
  }
  return std::unexpected(last);
}

}  // namespace hostnet
