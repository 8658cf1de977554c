#include "agent/http/message/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "netlink/base/accept.h"

namespace hostnet {

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> gzip;
  bool anything = false;
  while (const auto item = next_accept_item(accept_encoding)) {
    if (item->is("gzip") || item->is("x-gzip")) gzip = item->weight > 0;
    if (item->is("*")) anything = item->weight > 0;
  }
  return gzip.value_or(anything);
}

struct GzipSink::State {
  z_stream stream{};
  bool good{};
  std::array<char, std::size_t{32} * 1024> out{};
};

GzipSink::GzipSink(Sink& to, int level) : to_(to), state_(std::make_unique<State>()) {
  constexpr int kGzipWrapper = 16;
  constexpr int kMemory = 8;
  state_->good = deflateInit2(&state_->stream, level, Z_DEFLATED, MAX_WBITS + kGzipWrapper, kMemory,
                              Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipSink::~GzipSink() {
  deflateEnd(&state_->stream);
}

bool GzipSink::deflate_all(std::string_view bytes, int flush) {
  State& state = *state_;
  if (!state.good) return false;
  // zlib does not write through next_in: its type merely predates const.
  state.stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state.stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    state.stream.next_out = reinterpret_cast<Bytef*>(state.out.data());
    state.stream.avail_out = static_cast<uInt>(state.out.size());
    if (deflate(&state.stream, flush) == Z_STREAM_ERROR) return state.good = false;
    const std::size_t made = state.out.size() - state.stream.avail_out;
    if (made > 0 && !to_.write({state.out.data(), made})) return state.good = false;
  } while (state.stream.avail_out == 0);
  return true;
}

bool GzipSink::write(std::string_view bytes) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  while (!bytes.empty()) {
    if (!deflate_all(bytes.substr(0, kMost), Z_NO_FLUSH)) return false;
    bytes.remove_prefix(std::min(bytes.size(), kMost));
  }
  return state_->good;
}

bool GzipSink::finish() {
  return deflate_all({}, Z_FINISH);
}

}  // namespace hostnet
