#include "agent/serve/daemon_state.h"

#include <chrono>

namespace hostnet {

std::int64_t steady_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace hostnet
