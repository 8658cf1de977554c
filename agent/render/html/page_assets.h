#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The page's inline style and script. Their hashes are in page_security_policy(),
// so neither may contain anything that changes.
std::string_view page_style();
std::string_view page_script();

}  // namespace hostnet
