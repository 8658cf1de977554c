#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"

// The head of an HTTP/1 request, parsed strictly (RFC 9112): anything that two
// programs could parse differently is refused. Pure functions of bytes.
namespace hostnet {

struct RequestHead {
  std::string method;
  std::string path;  // decoded
  HttpQuery query;   // decoded
  HttpHeaders headers;
  std::string host;       // of an absolute-form target, else the Host header
  bool http_1_0{};        // then the connection is closed after the answer
  bool wants_close{};     // "Connection: close"
  bool announces_body{};  // a Content-Length above 0 or any Transfer-Encoding
  bool operator==(const RequestHead&) const = default;
};

struct BadHead {
  int status{};  // 400, 414, 431 or 505
  std::string message;
  bool operator==(const BadHead&) const = default;
};

inline constexpr std::size_t kTargetLimit = 8000;
// Each costs some 100 bytes, however short it is.
inline constexpr std::size_t kMostFields = 128;
inline constexpr std::size_t kMostParameters = 256;  // of a query

// The size of the head, its empty line included; none until that has arrived. A
// bare LF ends a line here (so that a client which sends them gets an answer),
// but read_head refuses it. The first `seen` bytes were already searched without
// finding the end: only later bytes are searched.
std::optional<std::size_t> head_size(std::string_view bytes, std::size_t seen = 0);

// `bytes` is exactly one head, as head_size measured it.
std::expected<RequestHead, BadHead> read_head(std::string_view bytes);

}  // namespace hostnet
