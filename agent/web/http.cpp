#include "agent/web/http.h"

#include <nlohmann/json.hpp>

namespace hostnet {
namespace {

bool accepts(std::string_view accept, std::string_view media_type) {
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    std::string_view item = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view{} : accept.substr(comma + 1);
    item = item.substr(0, item.find(';'));
    while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
    while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
    if (equals_ignoring_case(item, media_type)) return true;
  }
  return false;
}

bool asks_for_json(const HttpRequest& request) {
  if (const std::string* format = parameter(request, "format")) return *format == "json";
  return accepts(header(request.headers, "Accept"), "application/json");
}

}  // namespace

std::string header(const HttpHeaders& headers, std::string_view name) {
  std::string joined;
  const auto [first, last] = headers.equal_range(name);
  for (auto at = first; at != last; ++at) {
    if (at != first) joined += ", ";
    joined += at->second;
  }
  return joined;
}

const std::string* parameter(const HttpRequest& request, std::string_view name) {
  const auto at = request.query.find(std::string(name));
  return at == request.query.end() ? nullptr : &at->second;
}

HttpResponse error_answer(const HttpRequest& request, int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  if (asks_for_json(request)) {
    response.content_type = "application/json";
    const nlohmann::json body = {
        {"error", {{"status", status}, {"message", std::string(message)}}}};
    // Parts of the message may come from the request: bytes that are not UTF-8
    // are replaced, not thrown over.
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    response.body = std::string(message) + "\n";
  }
  return response;
}

}  // namespace hostnet
