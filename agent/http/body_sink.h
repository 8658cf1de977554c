#pragma once

#include <string>
#include <string_view>

#include "agent/http/connection.h"
#include "agent/http/message/http.h"

namespace hostnet {

// The end of the body: by a last chunk (RFC 9112 section 7.1) or, for HTTP/1.0,
// which knows none, by the end of the connection.
enum class Framing { chunked, until_close };

// A body of unknown length on its way to a client. Collects small writes, so
// that a chunk's frame costs little.
class BodySink : public Sink {
 public:
  BodySink(Connection& to, Framing framing) : to_(&to), framing_(framing) {}
  bool write(std::string_view bytes) override;
  // Ends the body. Nothing may be written after it.
  bool finish();

 private:
  bool flush();
  bool put(std::string_view bytes);

  Connection* to_;
  Framing framing_;
  std::string piece_;
};

}  // namespace hostnet
