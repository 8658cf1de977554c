#include "agent/http/message/http.h"

#include <nlohmann/json.hpp>

#include "netlink/base/accept.h"

namespace hostnet {
namespace {

bool asks_for_json(const HttpRequest& request) {
  if (const std::string* format = parameter(request, "format")) return *format == "json";
  const std::string accept = header(request.headers, "Accept");
  std::string_view rest = accept;
  while (const auto item = next_accept_item(rest)) {
    const bool json = item->is("application/json") || item->is("application/*");
    if (json && item->weight > 0) return true;
  }
  return false;
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
  response.headers.emplace_back("Vary", "Accept");
  if (asks_for_json(request)) {
    response.content_type = "application/json";
    const nlohmann::ordered_json body = {
        {"error", {{"status", status}, {"message", std::string(message)}}}};
    // Parts of the message may come from the request: bytes that are not UTF-8
    // are replaced instead of throwing.
    response.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  } else {
    response.body = std::string(message) + "\n";
  }
  return response;
}

}  // namespace hostnet
