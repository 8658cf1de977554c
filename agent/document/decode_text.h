#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The text as UTF-8 without a byte order mark: UTF-16 with one (what a PowerShell's
// `>` writes) is transcoded, as kubectl does it. What is no UTF-16 becomes U+FFFD,
// anything else stays as it is.
std::string decode_text(std::string_view bytes);

}  // namespace hostnet
