#include "agent/http/message/head.h"

#include <algorithm>
#include <cstdint>

#include "agent/http/message/query.h"
#include "netlink/base/ascii.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::unexpected<BadHead> bad(int status, std::string message) {
  return std::unexpected(BadHead{.status = status, .message = std::move(message)});
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_alphanumeric(c) || kMarks.contains(c);
  });
}

// Printable enough for an error message that goes into a log or a terminal.
bool is_field_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

// uri-host [":" port], loosely: strict enough to rule out a second meaning.
bool is_authority(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:[]%";
  return std::ranges::all_of(text,
                             [&](char c) { return is_alphanumeric(c) || kMarks.contains(c); });
}

std::expected<void, BadHead> read_version(std::string_view version, RequestHead& head) {
  if (version == "HTTP/1.1") return {};
  if (version == "HTTP/1.0") {
    head.http_1_0 = true;
    return {};
  }
  if (version.starts_with("HTTP/")) {
    return bad(505, "this server supports HTTP/1.1 and HTTP/1.0 only");
  }
  return bad(400, "the request line does not end with an HTTP version");
}

// Sets path and query, and host when the target carries one.
std::expected<void, BadHead> read_target(std::string_view target, RequestHead& head) {
  if (target.size() > kTargetLimit) return bad(414, "the request target is too long");
  if (!std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; })) {
    return bad(400, "the request target has characters that must be percent-encoded");
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    if (end == 0 || !is_authority(target.substr(0, end))) {
      return bad(400, "the request target names no host");
    }
    head.host = target.substr(0, end);
    target.remove_prefix(end);
    break;
  }
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(0, mark);
  if (path.empty() && !head.host.empty()) path = "/";
  // "*" (OPTIONS) and host:port (CONNECT) name no resource here; their methods
  // are refused later, with 405.
  if (!path.starts_with('/') && head.method != "OPTIONS" && head.method != "CONNECT") {
    return bad(400, "the request target does not begin with a slash");
  }
  auto decoded = percent_decode(path, PlusSign::is_itself);
  if (!decoded) return bad(400, "the path has a broken percent-encoding");
  head.path = std::move(*decoded);
  if (mark != std::string_view::npos) {
    const std::string_view parameters = target.substr(mark + 1);
    if (std::ranges::count(parameters, '&') >= std::ptrdiff_t{kMostParameters}) {
      return bad(414, "the query has too many parameters");
    }
    auto query = parse_query(parameters);
    if (!query) return bad(400, "the query has a broken percent-encoding");
    head.query = std::move(*query);
  }
  return {};
}

std::expected<void, BadHead> read_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first))) {
    return bad(400, "the request line must be METHOD TARGET VERSION");
  }
  head.method = line.substr(0, first);
  if (auto version = read_version(line.substr(last + 1), head); !version) return version;
  return read_target(line.substr(first + 1, last - first - 1), head);
}

std::expected<void, BadHead> read_field(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return bad(400, "a header line has no valid name (folded lines are not supported)");
  }
  const std::string_view value = trim(line.substr(colon + 1), kBlanks);
  if (!is_field_text(value)) {
    return bad(400, "the value of header " + std::string(line.substr(0, colon)) +
                        " has control characters");
  }
  if (head.headers.size() == kMostFields) return bad(431, "the head has too many header lines");
  head.headers.emplace(line.substr(0, colon), value);
  return {};
}

bool lists(std::string_view values, std::string_view wanted) {
  while (!values.empty()) {
    const std::size_t comma = values.find(',');
    if (equals_ignoring_case(trim(values.substr(0, comma), kBlanks), wanted)) return true;
    if (comma == std::string_view::npos) break;
    values.remove_prefix(comma + 1);
  }
  return false;
}

// Checks what the fields mean together.
std::expected<void, BadHead> check_fields(RequestHead& head) {
  const auto hosts = head.headers.count("Host");
  if (hosts > 1) return bad(400, "more than one Host header");
  if (hosts == 0 && !head.http_1_0) return bad(400, "missing required Host header");
  if (hosts == 1) {
    const std::string& host = head.headers.find("Host")->second;
    if (!is_authority(host)) return bad(400, "malformed Host header");
    if (head.host.empty()) head.host = host;
  }
  const bool chunked = head.headers.contains("Transfer-Encoding");
  const auto [first, last] = head.headers.equal_range("Content-Length");
  if (first != last && chunked) {
    return bad(400, "both Content-Length and Transfer-Encoding are set");
  }
  for (auto at = first; at != last; ++at) {
    const std::string& text = at->second;
    const auto length = parse_number<std::uint64_t>(text);
    if (!length || text != first->second) {
      return bad(400, "malformed Content-Length header");
    }
    head.announces_body = head.announces_body || *length > 0;
  }
  head.announces_body = head.announces_body || chunked;
  head.wants_close = lists(header(head.headers, "Connection"), "close");
  return {};
}

}  // namespace

std::optional<std::size_t> head_size(std::string_view bytes, std::size_t seen) {
  // RFC 9112 2.2: an empty line before the request line is skipped.
  std::size_t at = 0;
  while (bytes.substr(at).starts_with("\r\n")) at += 2;
  // The longest end is LF CR LF: at most two bytes of it were seen before.
  if (seen > at + 2) at = seen - 2;
  for (at = bytes.find('\n', at); at != std::string_view::npos; at = bytes.find('\n', at + 1)) {
    const std::string_view rest = bytes.substr(at + 1);
    if (rest.starts_with('\n')) return at + 2;
    if (rest.starts_with("\r\n")) return at + 3;
  }
  return std::nullopt;
}

std::expected<RequestHead, BadHead> read_head(std::string_view bytes) {
  RequestHead head;
  while (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  for (bool first = true;; first = false) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return bad(400, "the head ends without an empty line");
    if (end == 0 || bytes[end - 1] != '\r') return bad(400, "a line ends without CR LF");
    const std::string_view line = bytes.substr(0, end - 1);
    bytes.remove_prefix(end + 1);
    if (line.empty() && !first) break;
    auto read = first ? read_request_line(line, head) : read_field(line, head);
    if (!read) return std::unexpected(std::move(read.error()));
  }
  if (auto checked = check_fields(head); !checked) return std::unexpected(checked.error());
  return head;
}

}  // namespace hostnet
