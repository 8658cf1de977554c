#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/error.h"

namespace hostnet {

struct Http2Request {
  std::vector<std::pair<std::string, std::string>> headers;  // pseudo-headers first
  std::string body;
};
struct Http2Handlers {
  // Called for the head and the trailers. Names are lower case (RFC 9113 section 8.2).
  std::function<void(std::string_view name, std::string_view value)> on_header;
  // False: stop, the exchange ends cleanly.
  std::function<bool(std::string_view)> on_body;
};

// One request over a connected, non-blocking socket, without TLS ("prior knowledge"). Blocks until
// the answer ends, `wake` is readable (Reason::timeout: "stopped") or the time limit has passed.
// Header fields are bounded by nghttp2 (64 KiB per block).
Result<> exchange_http2(int socket, int wake, const Http2Request& request,
                        const Http2Handlers& handlers, std::chrono::milliseconds within);

}  // namespace hostnet
