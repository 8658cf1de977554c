#pragma once

#include <string>
#include <string_view>

namespace hostnet {

std::string_view version();   // "0.2.0"
std::string_view revision();  // of git; "" outside a checkout

// The output of --version: version, revision, compiler and libraries, one per line. Its last word
// is the version, for scripts.
std::string version_text();
std::string version_json();  // the same as a line of JSON

}  // namespace hostnet
