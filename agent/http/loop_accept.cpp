#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "agent/http/give_way.h"
#include "agent/http/loop.h"
#include "agent/http/peers/peer.h"

// How clients are accepted, and which are dropped when there are too many.
namespace hostnet {
namespace {

constexpr int kMostPerTurn = 64;  // then other events get their turn
constexpr std::chrono::milliseconds kPause{100};
// The default on loopback is 2.5 MB: 500 clients that do not read would hold
// more than a gigabyte of the node's TCP memory.
constexpr int kSendBuffer = 256 * 1024;

}  // namespace

void Loop::accept_from(const Listener& listener, WebTime now) {
  for (int i = 0; i < kMostPerTurn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd socket(accept4(listener.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // Without the pause the waiting client would wake the loop at once, for nothing.
        make_room();
        pause_accepting(now);
      }
      return;
    }
    if (connections_.size() + with_workers_ >= static_cast<std::size_t>(options_.max_connections)) {
      make_room();
    }
    on_accept(std::move(socket), peer, listener.trusted, now);
  }
}

void Loop::on_accept(UniqueFd socket, const sockaddr_storage& address, bool trusted, WebTime now) {
  if (address.ss_family != AF_UNIX) {
    const int on = 1;
    setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  }
  auto owned = std::make_unique<Connection>(next_id_++, std::move(socket), meter_);
  Connection& connection = *owned;
  connection.peer = address_text(address);
  connection.peer_is_loopback = is_loopback(address);
  connection.trusted = trusted;
  connection.place = place_of(connection.transport.fd(), address, options_.find_local_peer);
  connection.kept = connection.place.local || known_peers_.has(connection.place.share, now);
  ++counters_.accepted;
  connection.web = web_.current();
  connections_.emplace(connection.id(), std::move(owned));
  const bool tls = connection.web->tls != nullptr && !trusted;
  enter(connection, tls ? Phase::sniffing : Phase::asking, now, options_.head_timeout);
  // Most clients have sent their request by now.
  advance(connection, now);
}

// Drops several at a time if there are many: choosing scans all connections.
void Loop::make_room() {
  std::vector<Connection*> all;
  all.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) all.push_back(connection.get());
  const std::size_t most = std::max<std::size_t>(all.size() / 32, 1);
  for (Connection* connection : first_to_give_way(all, most)) {
    ++counters_.evicted;
    drop(*connection);
  }
}

void Loop::pause_accepting(WebTime now) {
  accepting_ = false;
  accept_again_ = now + kPause;
  for (const Listener& listener : listeners_) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener.socket.get(), nullptr);
  }
}

void Loop::resume_accepting(WebTime now) {
  if (accepting_ || now < accept_again_) return;
  accepting_ = true;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    watch(listeners_[i].socket.get(), i + 1, EPOLLIN);
  }
}

}  // namespace hostnet
