#pragma once

// HTTP/1.1 GET over any stream; follows no redirects, requests no compression.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/kube/streams/byte_stream.h"

namespace hostnet {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct HttpGet {
  std::string host;    // for the Host field
  std::string target;  // "/conflicts?format=json"
  HttpFields fields;   // besides Host and User-Agent
};

struct HttpHead {
  int status{};
  HttpFields fields;
  // The first field of that name, "" if there is none.
  std::string_view field(std::string_view name) const;
};

inline constexpr std::size_t kLongestHttpHead = std::size_t{64} << 10;

std::string request_text(const HttpGet& get);

// Reads answers one after the other. Reason::malformed: this is no HTTP, or it was cut short.
class HttpReader {
 public:
  // False: no more is wanted, which is Reason::malformed.
  using Sink = std::function<bool(std::string_view)>;

  explicit HttpReader(ByteStream& stream) : stream_(stream) {}

  Result<HttpHead> head();
  // Reads the body that follows. Reason::exhausted: it is longer than `limit`.
  Result<> body(const HttpHead& head, std::size_t limit, const Sink& sink);
  Result<std::string> body(const HttpHead& head, std::size_t limit);
  // The bytes after the head of an answer that switched protocols.
  std::string take_rest() { return std::exchange(buffer_, {}); }

 private:
  Result<> fill();  // one more read
  Result<std::string> line();
  Result<> take(std::size_t length, const Sink& sink);
  Result<> chunks(std::size_t limit, const Sink& sink);
  Result<> until_end(std::size_t limit, const Sink& sink);

  ByteStream& stream_;
  std::string buffer_;
  bool ended_{};
};

}  // namespace hostnet
