#pragma once

#include <string>
#include <string_view>

namespace hostnet {

std::string_view version();   // "0.2.0"
std::string_view revision();  // of git; "" outside of a checkout

// What --version prints: version, revision, compiler and libraries, each on a line. Its
// last word is the version: scripts take it.
std::string version_text();
std::string version_json();  // the same as a line of JSON

}  // namespace hostnet
