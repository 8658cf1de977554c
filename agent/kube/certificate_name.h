#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The common name of the first certificate in a PEM text, the user name at an API server:
// "system:node:worker-1". "" if there is none.
std::string certificate_name(std::string_view pem);

}  // namespace hostnet
