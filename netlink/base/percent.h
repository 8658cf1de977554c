#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

enum class PlusSign { is_itself, is_a_space };  // paths; queries (HTML forms)

// Nothing when a '%' is not followed by two hex digits (RFC 3986 section 2.1).
std::optional<std::string> percent_decode(std::string_view text, PlusSign plus);

}  // namespace hostnet
