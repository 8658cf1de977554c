#include "agent/web/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace hostnet {
namespace {

std::string_view trim_blanks(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.0", "q=0.000"
bool is_zero_weight(std::string_view parameters) {
  const std::string_view text = trim_blanks(parameters);
  if (text.size() < 3 || ascii_lower(text[0]) != 'q' || text[1] != '=') return false;
  return std::ranges::all_of(text.substr(2), [](char c) { return c == '0' || c == '.'; });
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  std::optional<bool> gzip;
  bool anything = false;
  while (!accept_encoding.empty()) {
    const std::size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding =
        comma == std::string_view::npos ? std::string_view{} : accept_encoding.substr(comma + 1);
    const std::size_t semicolon = item.find(';');
    const std::string_view name = trim_blanks(item.substr(0, semicolon));
    const bool wanted =
        semicolon == std::string_view::npos || !is_zero_weight(item.substr(semicolon + 1));
    if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip")) gzip = wanted;
    if (name == "*") anything = wanted;
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
  // zlib does not write through next_in, its type is only older than const.
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
