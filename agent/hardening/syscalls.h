#pragma once

#include <span>

namespace hostnet {

// Numbers of the system calls that the agent and its libraries make, including those on errors and
// of other C library versions. Sorted.
std::span<const int> used_syscalls();

}  // namespace hostnet
