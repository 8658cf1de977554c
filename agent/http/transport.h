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

// A non-blocking stream socket, with TLS over it or without. One thread at a
// time. No call waits.
class Transport {
 public:
  explicit Transport(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  const SSL* ssl() const { return tls_.get(); }  // null: plain

  // From now on TLS, as the server, with this context's certificate. False:
  // out of memory.
  bool begin_tls(SSL_CTX* context);
  Io handshake();
  IoResult read(std::span<char> into);
  IoResult write(std::string_view bytes);
  // As much of the pieces, in turn, as can be taken at once; over TLS no more
  // than a record. There is one, and it is not empty.
  IoResult write(std::span<const std::string_view> pieces);
  // Tells the peer that nothing more comes; what it sends is still readable.
  void finish_sending();

 private:
  Io outcome_of_tls(int returned);
  IoResult write_record(std::span<const std::string_view> pieces);
  UniqueFd socket_;
  SslPtr tls_;
};

}  // namespace hostnet
