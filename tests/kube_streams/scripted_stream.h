#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/kube/streams/byte_stream.h"

namespace hostnet {

// A peer that says these pieces, one per read, and then ends. What is written to it is kept.
class ScriptedStream final : public ByteStream {
 public:
  ScriptedStream(std::deque<std::string> pieces, std::shared_ptr<std::string> written)
      : pieces_(std::move(pieces)), written_(std::move(written)) {}

  Result<> write(std::string_view bytes) override {
    *written_ += bytes;
    return {};
  }
  Result<std::string> read() override {
    if (pieces_.empty()) return "";
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    return piece;
  }

 private:
  std::deque<std::string> pieces_;
  std::shared_ptr<std::string> written_;
};

// The text in pieces of `size` bytes.
inline std::deque<std::string> in_pieces(std::string_view text, std::size_t size) {
  std::deque<std::string> pieces;
  for (std::size_t at = 0; at < text.size(); at += size) pieces.emplace_back(text.substr(at, size));
  return pieces;
}

// A server's frame: not masked.
inline std::string server_frame(std::string_view payload, unsigned first = 0x82) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(payload.size()));
  } else {
    frame.push_back(126);
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size() & 0xff));
  }
  return frame.append(payload);
}

}  // namespace hostnet
