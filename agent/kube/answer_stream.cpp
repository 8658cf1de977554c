#include "agent/kube/answer_stream.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "netlink/base/wake_up.h"

namespace hostnet {
namespace {

bool is_ready(int socket, short events, std::chrono::milliseconds timeout) {
  pollfd waiting{.fd = socket, .events = events, .revents = 0};
  return wait_for_input({&waiting, 1}, timeout);
}

}  // namespace

bool AnswerStream::is_readable() const {
  return !left_.empty() || (tls_ != nullptr && SSL_pending(tls_) > 0) ||
         is_ready(socket_, POLLIN, timeouts_.read);
}

bool AnswerStream::is_writable() const {
  return is_ready(socket_, POLLOUT, timeouts_.write);
}

// Below TLS the limits are enforced where TLS reads.
ssize_t AnswerStream::receive() {
  if (!is_readable()) return -1;
  if (tls_ != nullptr) {
    return SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size()));
  }
  if (!limits_.may_read()) return -1;
  const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  if (got > 0) limits_.count_read(static_cast<std::size_t>(got));
  return got;
}

ssize_t AnswerStream::read(char* data, std::size_t size) {
  if (left_.empty()) {
    const ssize_t got = receive();
    if (got <= 0) return got;
    left_ = {buffer_.data(), static_cast<std::size_t>(got)};
  }
  const auto piece = left_.first(std::min(size, left_.size()));
  if (!limits_.take_head({piece.data(), piece.size()})) return -1;
  std::ranges::copy(piece, data);
  left_ = left_.subspan(piece.size());
  return static_cast<ssize_t>(piece.size());
}

ssize_t AnswerStream::write(const char* data, std::size_t size) {
  if (!is_writable()) return -1;
  if (tls_ != nullptr) return SSL_write(tls_, data, static_cast<int>(size));
  return ::send(socket_, data, size, MSG_NOSIGNAL);
}

}  // namespace hostnet
