#pragma once

#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "agent/http/message/http.h"

namespace hostnet {

// "Not Found" for 404; empty for a status that this server never sends.
std::string_view reason_phrase(int status);

// The value of a Date header (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::time_t now);

// The head of an HTTP/1.1 answer: its fields, the `more` fields and the empty
// line at the end (RFC 9112 section 4). A field that would not stay on one line
// is left out.
using AnswerField = std::pair<std::string_view, std::string_view>;
std::string answer_head(const HttpResponse& response, std::span<const AnswerField> more = {});

}  // namespace hostnet
