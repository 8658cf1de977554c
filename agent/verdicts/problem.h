#pragma once

#include <string>
#include <string_view>

#include "netlink/base/error.h"

namespace hostnet {

// Something that could not be read (`problems`) or can never be seen here (`limits`): /conflicts
// lists both; complete means problems.empty().
struct Problem {
  std::string code;  // "no_cap_net_admin"
  std::string message;
  std::string remedy;
  auto operator<=>(const Problem&) const = default;
};

// The problem of a failed read: the error's message under this code.
Problem read_problem(std::string_view code, const Error& error, std::string_view remedy);

}  // namespace hostnet
