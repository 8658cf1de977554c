#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netlink/base/text.h"

// HTTP as handlers see it, without a library's types: a handler is a function
// from HttpRequest to HttpResponse and can be tested without a socket.
namespace hostnet {

// How header names compare (RFC 9110 5.1).
struct IgnoringCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::ranges::lexicographical_compare(a, b, {}, ascii_lower, ascii_lower);
  }
};

using HttpHeaders = std::multimap<std::string, std::string, IgnoringCase>;
using HttpQuery = std::multimap<std::string, std::string>;

struct HttpRequest {
  std::string method;       // GET or HEAD: nothing else reaches a handler
  std::string path;         // percent-decoded, without the query: "/ports/8080"
  HttpQuery query;          // decoded; equal names in the order they came in
  HttpHeaders headers;      // as sent, white space around values removed
  std::string peer;         // "192.0.2.1:40112", "[2001:db8::1]:40112", or "unix"
  bool peer_is_loopback{};  // or on a unix socket
  bool peer_is_unix{};
  bool trusted{};      // on the agent's own socket: no access checks
  bool shows_token{};  // sent the one of --web.details-token-file
  std::string user;    // who signed in; empty without basic_auth_users
  bool operator==(const HttpRequest&) const = default;
};

// The header's values joined by ", " (RFC 9110 5.3), empty when absent.
std::string header(const HttpHeaders& headers, std::string_view name);
// The first value of a query parameter, nullptr if it was not given. Points into
// the request.
const std::string* parameter(const HttpRequest& request, std::string_view name);

// Receives a large body piece by piece; never called after the handler's stream
// function returned.
class Sink {
 public:
  virtual ~Sink() = default;
  // False once the reader is gone or too slow: stop writing.
  virtual bool write(std::string_view bytes) = 0;
};

struct HttpResponse {
  int status{200};
  std::string content_type{"text/plain; charset=utf-8"};
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Instead of body: writes a large answer (sent chunked). It runs on the
  // worker that called the handler. False: the answer could not be completed;
  // the connection is cut so that the client notices.
  std::function<bool(Sink&)> stream;
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpRoute {
  std::string path;
  bool prefix{};           // "/ports/" also answers "/ports/8080"
  HttpHandler handler;     // on up to `workers` threads at once; may throw (500)
  bool limited{true};      // counts towards max_requests; others must not block
  bool open{};             // exempt from the details policy
  bool unauthenticated{};  // exempt from basic authentication and the rate limit
  // The answer depends on method, path, query, Accept, Accept-Encoding, If-None-Match and the
  // scrape's timeout only: equal requests that wait together share one.
  bool shared{};
  // The whole answer is built before the first byte is sent: only one answer of all such routes
  // at a time, so that memory for one of them is enough.
  bool one_at_a_time{};
};

// An error in the requested format (?format=json, or an Accept header that names
// JSON): a line of text, or {"error":{"status":400,"message":"..."}}.
HttpResponse error_answer(const HttpRequest& request, int status, std::string_view message);

}  // namespace hostnet
