#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hostnet {

// RFC 4648 section 4, with padding.
std::string base64(std::string_view bytes);

// Strictly that: no blanks, no missing padding, no bits set that belong to no
// byte. Unset for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace hostnet
