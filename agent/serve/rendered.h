#pragma once

// Answers, including refusals, in the format that the client asked for.

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"
#include "agent/render/output_format.h"

namespace hostnet {

// A refusal or error instead of the requested answer.
struct HttpError {
  int status;
  std::string message;
};
template <class T>
using HttpResult = std::expected<T, HttpError>;

// An answer, rendered.
struct RenderedBody {
  std::string text;
  int exit_code{};  // of a one-shot call with this answer
};

std::unexpected<HttpError> refuse(int status, std::string message);

// ?name=: 0, 1, false or true; false if it is not given.
HttpResult<bool> switch_parameter(const HttpRequest& request, std::string_view name);

// A handler that answers with what `answer` renders for ?format=, ?width= and ?color=, or the
// Accept header: with an ETag, 304 if the client has it, and every refusal in that format.
HttpHandler rendered(
    std::function<HttpResult<RenderedBody>(const HttpRequest& request, const Output& output)>
        answer);

}  // namespace hostnet
