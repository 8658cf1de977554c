#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/kube/streams/byte_stream.h"
#include "agent/kube/streams/http_exchange.h"
#include "agent/kube/streams/websocket_frame.h"

namespace hostnet {

// A client-side WebSocket (RFC 6455) that owns its stream. Owned by one thread.
class WebSocket {
 public:
  // Requests the upgrade with that one subprotocol. Any other answer of the server is an error with
  // its status and its message: Reason::denied for 401 and 403, vanished for 404, exhausted for
  // 429, timeout for 504, unreachable for other 5xx.
  static Result<std::unique_ptr<WebSocket>> open(std::unique_ptr<ByteStream> stream, HttpGet get,
                                                 const std::string& protocol);

  WebSocket(std::unique_ptr<ByteStream> stream, std::string_view first_bytes);
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  ~WebSocket();  // sends a close frame

  // One binary message.
  Result<> send(std::string_view message);
  // The next message; unset when the server has closed. Pings are answered. Reason::malformed for
  // an invalid frame, or a message longer than kLongestFrame.
  Result<std::optional<std::string>> receive();

 private:
  Result<> send_frame(FrameKind kind, std::string_view payload);
  Result<std::optional<Frame>> next_frame();

  std::unique_ptr<ByteStream> stream_;
  FrameDecoder frames_;
};

// The answer that a server must give to a Sec-WebSocket-Key (RFC 6455 section 4.2.2).
std::string accept_of_key(const std::string& key);

}  // namespace hostnet
