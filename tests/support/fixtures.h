#pragma once

#include <string>

namespace hostnet {

// The folder tests/fixtures of this checkout.
std::string fixtures();

}  // namespace hostnet
