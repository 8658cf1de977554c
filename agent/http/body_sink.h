#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/connection.h"
#include "agent/http/message/http.h"

namespace hostnet {

// How the body ends: with a last chunk (RFC 9112 section 7.1), or as the head says: by
// its length or, for HTTP/1.0, which has no chunks, with the end of the connection.
enum class Framing { chunked, plain };

// Sends one body to several clients. Collects small writes, so that the framing of
// chunks costs little; all clients share the same bytes.
class BodySink : public Sink {
 public:
  void add(Connection& to, Framing framing) {
    (framing == Framing::chunked ? chunked_ : plain_).push_back(&to);
  }
  // False once no client reads any more.
  bool write(std::string_view bytes) override;
  // Ends the body. Nothing may be written after it.
  void finish() { flush(true); }

 private:
  bool flush(bool last);

  std::vector<Connection*> chunked_;
  std::vector<Connection*> plain_;
  std::string piece_;
};

}  // namespace hostnet
