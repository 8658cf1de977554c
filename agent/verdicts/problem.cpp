#include "agent/verdicts/problem.h"

namespace hostnet {

Problem read_problem(std::string_view code, const Error& error, std::string_view remedy) {
  return {.code = std::string(code), .message = error.message, .remedy = std::string(remedy)};
}

}  // namespace hostnet
