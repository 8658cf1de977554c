#include "netlink/live_netlink.h"

#include <linux/netlink.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "netlink/netlink_socket.h"
#include "netlink/reply.h"
#include "netlink/sock_diag.h"
#include "netlink/subscription.h"

namespace hostnet {
namespace {

constexpr int kAttempts = 5;
constexpr std::size_t kIdleSockets = 4;

class LiveNetlink final : public Netlink {
 public:
  Result<> dump(const NetlinkRequest& request, const DumpSink& sink) override {
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      const Result<ReplyReader::State> state = ask_once(request, sink);
      if (state && *state == ReplyReader::State::done) return {};
      if (!state && state.error().system_error != ENOBUFS) return std::unexpected(state.error());
      if (attempt < kAttempts && sink.on_restart) sink.on_restart();
    }
    return failure(Reason::exhausted, request.doing + ": interrupted by changes in each of " +
                                          std::to_string(kAttempts) + " attempts");
  }

  Result<> sockets(const SocketQuery& query, const SocketSink& sink) override {
    const auto on_message = [&](const NetlinkMessage& message) -> Result<> {
      const Result<Socket> socket = decode_socket(message, query.protocol);
      if (!socket) return std::unexpected(socket.error());
      if (matches(query, *socket)) sink.on_socket(*socket);
      return {};
    };
    Result<> done = dump(socket_request(query), {sink.on_restart, on_message});
    // sock_diag's error for a protocol that the kernel does not have.
    if (!done && done.error().system_error == ENOENT) done.error().reason = Reason::unsupported;
    return done;
  }

  Result<std::unique_ptr<Subscription>> subscribe(int family,
                                                  std::span<const unsigned> groups) override {
    return live_subscription(family, groups);
  }

 private:
  struct Idle {
    int family;
    NetlinkSocket socket;
  };

  // A socket whose last reply ended is as good as a new one: nothing from an earlier
  // request can arrive on it.
  Result<NetlinkSocket> borrow(const NetlinkRequest& request) {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(idle_, request.family, &Idle::family);
    if (found == idle_.end()) return NetlinkSocket::open(request.family, request.doing);
    NetlinkSocket socket = std::move(found->socket);
    idle_.erase(found);
    socket.reuse(request.doing);
    return socket;
  }

  void give_back(int family, NetlinkSocket socket) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kIdleSockets) idle_.emplace_back(family, std::move(socket));
  }

  Result<ReplyReader::State> ask_once(const NetlinkRequest& request, const DumpSink& sink) {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kReceiveBuffer);
    auto state = ask_with({buffer.get(), kReceiveBuffer}, request, sink);
    // Secrets must not remain in freed memory.
    if (!request.recorded_attributes.empty()) explicit_bzero(buffer.get(), kReceiveBuffer);
    return state;
  }

  Result<ReplyReader::State> ask_with(std::span<std::byte> buffer, const NetlinkRequest& request,
                                      const DumpSink& sink) {
    Result<NetlinkSocket> socket = borrow(request);
    if (!socket) return std::unexpected(std::move(socket).error());
    const std::uint32_t sequence = next_sequence_.fetch_add(1, std::memory_order_relaxed);
    if (Result<> sent = socket->send(request, sequence); !sent) {
      return std::unexpected(std::move(sent).error());
    }
    ReplyReader reader(request, sequence, socket->port_id());
    while (true) {
      const auto datagram = socket->receive(buffer, true);
      if (!datagram) return std::unexpected(datagram.error());
      Result<ReplyReader::State> state = reader.take(*datagram, sink);
      if (state && *state == ReplyReader::State::more) continue;
      // Any other socket is closed, which ends its dump at once.
      if (state && *state == ReplyReader::State::done) {
        give_back(request.family, *std::move(socket));
      }
      return state;
    }
  }

  std::atomic<std::uint32_t> next_sequence_{1};
  std::mutex mutex_;  // guards the members below
  std::vector<Idle> idle_;
};

}  // namespace

std::shared_ptr<Netlink> live_netlink() {
  return std::make_shared<LiveNetlink>();
}

}  // namespace hostnet
