#include "agent/http/body_sink.h"

#include <fmt/format.h>

namespace hostnet {
namespace {

constexpr std::size_t kPiece = std::size_t{32} * 1024;

}  // namespace

bool BodySink::write(std::string_view bytes) {
  if (piece_.size() + bytes.size() > kPiece && !flush()) return false;
  if (bytes.size() >= kPiece) return put(bytes);
  piece_.reserve(kPiece);
  piece_ += bytes;
  return true;
}

bool BodySink::finish() {
  return flush() && (framing_ == Framing::until_close || to_->write("0\r\n\r\n"));
}

bool BodySink::flush() {
  // An empty chunk would end the body.
  const bool good = piece_.empty() || put(piece_);
  piece_.clear();
  return good;
}

bool BodySink::put(std::string_view bytes) {
  if (framing_ == Framing::until_close) return to_->write(bytes);
  return to_->write(fmt::format("{:x}\r\n", bytes.size())) && to_->write(bytes) &&
         to_->write("\r\n");
}

}  // namespace hostnet
