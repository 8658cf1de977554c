#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// Something that could not be seen (`problems`) or can never be seen here
// (`limits`): /conflicts prints them, complete is problems.empty().
struct Problem {
  std::string code;  // "no_cap_net_admin"
  std::string message;
  std::string remedy;
  auto operator<=>(const Problem&) const = default;
};

// A read that failed: its message, under this code.
Problem read_problem(std::string_view code, const Error& error, std::string_view remedy);

}  // namespace hostnet
