#include "agent/http/transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace hostnet {
namespace {

Io outcome_of_errno(Io when_it_would_block) {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? when_it_would_block
                                                                   : Io::closed;
}

}  // namespace

void FreeSsl::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

bool Transport::begin_tls(SSL_CTX* context) {
  tls_.reset(SSL_new(context));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), socket_.get()) != 1) return false;
  SSL_set_accept_state(tls_.get());
  return true;
}

Io Transport::outcome_of_tls(int returned) {
  const int code = SSL_get_error(tls_.get(), returned);
  // OpenSSL's error queue is per thread: a leftover would be taken for the outcome
  // of the next connection's call.
  ERR_clear_error();
  if (code == SSL_ERROR_WANT_READ) return Io::want_read;
  if (code == SSL_ERROR_WANT_WRITE) return Io::want_write;
  return Io::closed;
}

Io Transport::handshake() {
  ERR_clear_error();
  const int returned = SSL_accept(tls_.get());
  return returned == 1 ? Io::done : outcome_of_tls(returned);
}

IoResult Transport::read(std::span<char> into) {
  if (tls_) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int returned = SSL_read_ex(tls_.get(), into.data(), into.size(), &bytes);
    if (returned == 1) return {.status = Io::done, .bytes = bytes};
    return {.status = outcome_of_tls(returned)};
  }
  const ssize_t got = recv(socket_.get(), into.data(), into.size(), 0);
  if (got > 0) return {.status = Io::done, .bytes = static_cast<std::size_t>(got)};
  return {.status = got == 0 ? Io::closed : outcome_of_errno(Io::want_read)};
}

IoResult Transport::write(std::string_view bytes) {
  if (tls_) {
    ERR_clear_error();
    std::size_t written = 0;
    const int returned = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &written);
    if (returned == 1) return {.status = Io::done, .bytes = written};
    return {.status = outcome_of_tls(returned)};
  }
  const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return {.status = Io::done, .bytes = static_cast<std::size_t>(sent)};
  return {.status = outcome_of_errno(Io::want_write)};
}

// One record for the head of an answer and the start of its body, not one for each. If it
// could not be sent, the next one begins with the same bytes, as OpenSSL requires.
IoResult Transport::write_record(std::span<const std::string_view> pieces) {
  std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;  // NOLINT(*-member-init)
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    const std::string_view part = piece.substr(0, record.size() - size);
    std::ranges::copy(part, record.begin() + static_cast<std::ptrdiff_t>(size));
    size += part.size();
  }
  return write(std::string_view(record.data(), size));
}

IoResult Transport::write(std::span<const std::string_view> pieces) {
  if (pieces.size() == 1) return write(pieces.front());
  if (tls_) return write_record(pieces);
  std::array<iovec, 8> parts{};
  msghdr message{};
  message.msg_iov = parts.data();
  for (const std::string_view piece : pieces.first(std::min(pieces.size(), parts.size()))) {
    // sendmsg does not write through iov_base: its type merely predates const.
    parts[message.msg_iovlen++] = {.iov_base = const_cast<char*>(piece.data()),
                                   .iov_len = piece.size()};
  }
  const ssize_t sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  if (sent >= 0) return {.status = Io::done, .bytes = static_cast<std::size_t>(sent)};
  return {.status = outcome_of_errno(Io::want_write)};
}

void Transport::finish_sending() {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  shutdown(socket_.get(), SHUT_WR);
}

}  // namespace hostnet
