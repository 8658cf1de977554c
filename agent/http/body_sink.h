#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/connection.h"
#include "agent/http/message/http.h"

namespace hostnet {

// The end of the body: by a last chunk (RFC 9112 section 7.1), or as the head says: by
// its length or, for HTTP/1.0, which knows no chunks, by the end of the connection.
enum class Framing { chunked, plain };

// A body on its way to clients that get the same. Collects small writes, so that a
// chunk's frame costs little; all clients wait with the same bytes.
class BodySink : public Sink {
 public:
  void add(Connection& to, Framing framing) {
    (framing == Framing::chunked ? chunked_ : plain_).push_back(&to);
  }
  // False once nobody reads any more.
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
