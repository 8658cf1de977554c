#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/http/message/http.h"

namespace hostnet {

enum class PlusSign { is_itself, is_a_space };  // paths; queries (HTML forms)

// Nothing when a '%' is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);

// a=1&b=2, both sides decoded; a name without '=' has an empty value.
std::optional<HttpQuery> parse_query(std::string_view text);

}  // namespace hostnet
