#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "netlink/base/unique_fd.h"

namespace hostnet {

struct FreeSsl {
  void operator()(SSL* ssl) const;
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;

enum class Io { done, want_read, want_write, closed };

struct IoResult {
  Io status{Io::closed};
  std::size_t bytes{};  // moved, when done
};

// A non-blocking stream socket, with or without TLS. One thread at a time. No
// call blocks.
class Transport {
 public:
  explicit Transport(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  const SSL* ssl() const { return tls_.get(); }  // null: plain

  // Switches to TLS, as the server, with this context's certificate. False:
  // out of memory.
  bool begin_tls(SSL_CTX* context);
  Io handshake();
  IoResult read(std::span<char> into);
  IoResult write(std::string_view bytes);
  // Sends as much of the pieces, in order, as fits without blocking; over TLS at
  // most one record. At least one piece must not be empty.
  IoResult write(std::span<const std::string_view> pieces);
  // Shuts down the sending side; what the peer sends can still be read.
  void finish_sending();

 private:
  Io outcome_of_tls(int returned);
  IoResult write_record(std::span<const std::string_view> pieces);
  UniqueFd socket_;
  SslPtr tls_;
};

}  // namespace hostnet
