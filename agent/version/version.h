#pragma once

#include <string_view>

namespace hostnet {

std::string_view version();   // "0.2.0"
std::string_view revision();  // of git; "" outside of a checkout

}  // namespace hostnet
