#pragma once

#include <string>
#include <string_view>

namespace hostnet {

// The common name of the first certificate of a PEM text, as whom it signs in to
// an API server: "system:node:worker-1". "" where there is none.
std::string certificate_name(std::string_view pem);

}  // namespace hostnet
