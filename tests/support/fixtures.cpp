#include "tests/support/fixtures.h"

namespace hostnet {

std::string fixtures() {
  return FIXTURES;
}

}  // namespace hostnet
