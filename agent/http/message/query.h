#pragma once

#include <optional>
#include <string_view>

#include "agent/http/message/http.h"

namespace hostnet {

// a=1&b=2, both sides decoded; a name without '=' has an empty value.
std::optional<HttpQuery> parse_query(std::string_view text);

}  // namespace hostnet
