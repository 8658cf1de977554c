#include "agent/serve/rendered.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/http/message/content_tag.h"
#include "agent/render/exit_codes.h"
#include "agent/render/html/html.h"
#include "agent/render/html/render.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

HttpResponse page(OutputFormat form, RenderedBody body) {
  HttpResponse response;
  response.content_type = content_type(form);
  response.body = std::move(body.text);
  response.headers.emplace_back(kExitCodeHeader, std::to_string(body.exit_code));
  response.headers.emplace_back("Vary", "Accept");
  if (form == OutputFormat::html) {
    response.headers.emplace_back("Content-Security-Policy", page_security_policy());
  }
  return response;
}

// The relative path from there to `/`, under whatever prefix a proxy serves it.
std::string root_from(std::string_view path) {
  std::string root;
  for (auto slashes = std::ranges::count(path, '/'); slashes > 1; --slashes) root += "../";
  return root;
}

HttpResponse error_page(OutputFormat form, const HttpRequest& request, const HttpError& why) {
  HttpResponse response =
      page(form, {.text = render_error(form, why.status, why.message, root_from(request.path)),
                  .exit_code = kIncompleteExit});
  response.status = why.status;
  return response;
}

// ?width= ?color=: the style of text.
HttpResult<TextStyle> style_asked(const HttpRequest& request) {
  TextStyle style;
  if (const std::string* text = parameter(request, "width")) {
    const auto width = parse_number<std::size_t>(*text);
    if (!width || (*width > 0 && *width < kLeastWidth) || *width > kMostWidth) {
      return refuse(400, fmt::format("bad width '{}': it is 0 or a number from {} to {}", *text,
                                     kLeastWidth, kMostWidth));
    }
    style.width = *width;
  }
  const auto color = switch_parameter(request, "color");
  if (!color) return std::unexpected(color.error());
  style.color = *color;
  return style;
}

Result<Output> output_asked(const HttpRequest& request) {
  const std::string* asked = parameter(request, "format");
  return output_for(asked == nullptr ? std::nullopt : std::optional<std::string_view>(*asked),
                    header(request.headers, "accept"));
}

// Adds the content's ETag; 304 if the client has that already. Pages have none: by their ages
// people see that they are live.
HttpResponse unless_known(const HttpRequest& request, OutputFormat form, HttpResponse response) {
  if (form == OutputFormat::html) return response;
  std::string tag = content_tag(response.body);
  if (names_tag(header(request.headers, "If-None-Match"), tag)) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.emplace_back("ETag", std::move(tag));
  return response;
}

}  // namespace

std::unexpected<HttpError> refuse(int status, std::string message) {
  return std::unexpected(HttpError{status, std::move(message)});
}

HttpResult<bool> switch_parameter(const HttpRequest& request, std::string_view name) {
  const std::string* value = parameter(request, name);
  if (value == nullptr || *value == "0" || *value == "false") return false;
  if (*value == "1" || *value == "true") return true;
  return refuse(400, fmt::format("bad {} '{}': it is 0 or 1", name, *value));
}

// Determines the format first, so that every refusal uses it.
HttpHandler rendered(
    std::function<HttpResult<RenderedBody>(const HttpRequest&, const Output&)> answer) {
  return [answer = std::move(answer)](const HttpRequest& request) {
    auto output = output_asked(request);
    if (!output) return error_page(OutputFormat::text, request, {400, output.error().message});
    const auto style = style_asked(request);
    if (!style) return error_page(output->format, request, style.error());
    output->style.width = style->width;
    output->style.color = style->color;
    HttpResult<RenderedBody> answered = answer(request, *output);
    if (!answered) return error_page(output->format, request, answered.error());
    return unless_known(request, output->format, page(output->format, *std::move(answered)));
  };
}

}  // namespace hostnet
