#include "agent/document/decode_data.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

constexpr std::size_t kMostUnpacked = std::size_t{1} << 20;
constexpr std::size_t kMostTimes = 32;  // more than the compression ratio of manifests, about 10

}  // namespace

std::string unpacked(std::string bytes) {
  if (!bytes.starts_with("\x1F\x8B")) return bytes;
  constexpr int kGzipWrapper = 16;
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + kGzipWrapper) != Z_OK) return bytes;
  const std::size_t most = std::min(kMostUnpacked, kMostTimes * bytes.size());
  std::string text;
  std::array<char, std::size_t{16} << 10> piece;  // NOLINT(*-member-init): written to
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  // If it is truncated or corrupt, the bytes decoded so far are enough.
  for (int status = Z_OK; status == Z_OK && text.size() < most;) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(std::min(piece.size(), most - text.size()));
    const std::size_t room = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), room - stream.avail_out);
  }
  inflateEnd(&stream);
  return text;
}

std::optional<std::string> from_base64_lines(std::string_view text) {
  std::string letters(text);
  std::erase_if(letters, [](char c) { return c == '\n' || c == '\r'; });
  return from_base64(letters);
}

std::optional<std::string> from_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  if (!url.starts_with(kScheme)) return std::nullopt;
  const auto comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view type = url.substr(kScheme.size(), comma - kScheme.size());
  auto content = percent_decode(url.substr(comma + 1), PlusSign::is_itself);
  if (!content) return std::nullopt;
  return type.ends_with(";base64") ? from_base64_lines(*content) : content;
}

}  // namespace hostnet
