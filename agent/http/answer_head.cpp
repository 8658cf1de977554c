#include "agent/http/answer_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace hostnet {
namespace {

bool fits_on_a_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";
  }
}

std::string http_date(std::time_t now) {
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  // Day and month names are English: the agent never sets a locale.
  return {text.data(),
          std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string answer_head(const HttpResponse& response, std::span<const AnswerField> more) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  const auto add = [&head](std::string_view name, std::string_view value) {
    if (!fits_on_a_line(name) || !fits_on_a_line(value)) return;
    fmt::format_to(std::back_inserter(head), "{}: {}\r\n", name, value);
  };
  for (const auto& [name, value] : response.headers) add(name, value);
  for (const auto& [name, value] : more) add(name, value);
  head += "\r\n";
  return head;
}

}  // namespace hostnet
