#pragma once

#include <span>

namespace hostnet {

// Numbers of the system calls that the agent and its libraries make, those of their errors and
// of other versions of the C library included. Sorted.
std::span<const int> used_syscalls();

}  // namespace hostnet
