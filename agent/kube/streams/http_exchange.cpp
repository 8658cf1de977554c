#include "agent/kube/streams/http_exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "netlink/base/text.h"

namespace hostnet {
namespace {

std::unexpected<Error> cut_short() {
  return failure(Reason::malformed, "the answer was cut short");
}

std::unexpected<Error> given_up() {
  return failure(Reason::malformed, "the answer is not as expected");
}

std::unexpected<Error> too_large() {
  return failure(Reason::exhausted, "the answer is too large");
}

}  // namespace

std::string_view HttpHead::field(std::string_view name) const {
  const auto found = std::ranges::find_if(
      fields, [&](const auto& one) { return equals_ignoring_case(one.first, name); });
  return found == fields.end() ? std::string_view{} : found->second;
}

std::string request_text(const HttpGet& get) {
  std::string text = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: hostnet-agent\r\n",
                                 get.target, get.host);
  for (const auto& [name, value] : get.fields) text += fmt::format("{}: {}\r\n", name, value);
  return text + "\r\n";
}

Result<> HttpReader::fill() {
  auto bytes = stream_.read();
  if (!bytes) return std::unexpected(bytes.error());
  ended_ = bytes->empty();
  buffer_ += *bytes;
  return {};
}

Result<std::string> HttpReader::line() {
  while (true) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string text(trim(std::string_view(buffer_).substr(0, end), "\r"));
      buffer_.erase(0, end + 1);
      return text;
    }
    if (buffer_.size() > kLongestHttpHead) return too_large();
    if (auto more = fill(); !more) return std::unexpected(more.error());
    if (ended_) return cut_short();
  }
}

Result<HttpHead> HttpReader::head() {
  HttpHead head;
  std::size_t size = 0;
  while (true) {
    const auto text = line();
    if (!text) return std::unexpected(text.error());
    size += text->size() + 2;
    if (size > kLongestHttpHead) return too_large();
    if (head.status == 0) {
      std::string_view rest = *text;
      const std::string_view version = take_word(rest, kBlanks);
      head.status = parse_number<int>(take_word(rest, kBlanks)).value_or(0);
      if (!version.starts_with("HTTP/1.") || head.status < 100) {
        return failure(Reason::malformed, "the answer is no HTTP");
      }
    } else if (!text->empty()) {
      std::string_view value = *text;
      const std::string name(take_until(value, ':'));
      head.fields.emplace_back(name, trim(value));
    } else if (head.status == 100 || head.status == 103) {  // the final answer follows
      head = {};
    } else {
      return head;
    }
  }
}

Result<> HttpReader::take(std::size_t length, const Sink& sink) {
  while (length > 0) {
    if (buffer_.empty()) {
      if (auto more = fill(); !more) return more;
      if (ended_) return cut_short();
    }
    const std::size_t now = std::min(length, buffer_.size());
    if (!sink(std::string_view(buffer_).substr(0, now))) return given_up();
    buffer_.erase(0, now);
    length -= now;
  }
  return {};
}

Result<> HttpReader::chunks(std::size_t limit, const Sink& sink) {
  std::size_t taken = 0;
  while (true) {
    const auto head = line();
    if (!head) return std::unexpected(head.error());
    std::string_view rest = *head;
    const auto size = parse_number<std::size_t>(trim(take_until(rest, ';')), 16);
    if (!size) return cut_short();
    if (*size > limit - taken) return too_large();
    taken += *size;
    if (auto done = take(*size, sink); !done) return done;
    // The last chunk is followed by trailers and an empty line, the others by an empty line.
    while (true) {
      const auto after = line();
      if (!after) return std::unexpected(after.error());
      if (after->empty()) break;
      if (*size != 0) return cut_short();
    }
    if (*size == 0) return {};
  }
}

Result<> HttpReader::until_end(std::size_t limit, const Sink& sink) {
  std::size_t taken = 0;
  while (true) {
    taken += buffer_.size();
    if (taken > limit) return too_large();
    if (!buffer_.empty() && !sink(buffer_)) return given_up();
    buffer_.clear();
    if (ended_) return {};
    if (auto more = fill(); !more) return more;
  }
}

Result<> HttpReader::body(const HttpHead& head, std::size_t limit, const Sink& sink) {
  if (equals_ignoring_case(head.field("Transfer-Encoding"), "chunked")) return chunks(limit, sink);
  const std::string_view length = head.field("Content-Length");
  if (length.empty()) return until_end(limit, sink);
  const auto size = parse_number<std::size_t>(length);
  if (!size) return failure(Reason::malformed, "the answer is no HTTP");
  if (*size > limit) return too_large();
  return take(*size, sink);
}

Result<std::string> HttpReader::body(const HttpHead& head, std::size_t limit) {
  std::string text;
  const auto keep = [&](std::string_view bytes) {
    text += bytes;
    return true;
  };
  if (auto done = body(head, limit, keep); !done) return std::unexpected(done.error());
  return text;
}

}  // namespace hostnet
