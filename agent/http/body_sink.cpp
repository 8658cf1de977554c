#include "agent/http/body_sink.h"

#include <fmt/format.h>

#include <cstddef>
#include <span>
#include <utility>

namespace hostnet {
namespace {

constexpr std::size_t kPiece = std::size_t{32} * 1024;

// An empty chunk would end the body.
std::string chunk_of(std::string_view piece, bool last) {
  constexpr std::size_t kFrame = 32;
  std::string chunk;
  chunk.reserve(piece.size() + kFrame);
  if (!piece.empty()) {
    chunk += fmt::format("{:x}\r\n", piece.size());
    chunk += piece;
    chunk += "\r\n";
  }
  if (last) chunk += "0\r\n\r\n";
  return chunk;
}

// Writes to all readers, which share the bytes. False: no reader is left.
bool give(std::span<Connection* const> readers, std::string bytes) {
  if (bytes.empty()) return false;
  const AnswerBlockPtr block = readers.front()->block(std::move(bytes));
  bool anybody = false;
  for (Connection* reader : readers) anybody = reader->write(block) || anybody;
  return anybody;
}

}  // namespace

bool BodySink::write(std::string_view bytes) {
  while (!bytes.empty()) {
    piece_.reserve(kPiece);
    const std::string_view part = bytes.substr(0, kPiece - piece_.size());
    piece_ += part;
    bytes.remove_prefix(part.size());
    if (piece_.size() == kPiece && !flush(false)) return false;
  }
  return true;
}

bool BodySink::flush(bool last) {
  const bool chunked = !chunked_.empty() && give(chunked_, chunk_of(piece_, last));
  const bool plain = !plain_.empty() && give(plain_, std::exchange(piece_, {}));
  piece_.clear();
  return chunked || plain;
}

}  // namespace hostnet
