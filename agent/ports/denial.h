#pragma once

#include <string>

#include "netlink/node/node.h"

namespace hostnet {

// Why another process may not be inspected, and what to do about it: said the same
// way wherever it shows (the attribution, socket options, `doctor`).
struct Denial {
  std::string code;   // "no_cap_sys_ptrace", "no_cap_dac_read_search", "process_denied"
  std::string cause;  // "the capability SYS_PTRACE is missing"
  std::string remedy;
};

// The missing capability, else what confines the agent (a profile of AppArmor, a
// type of SELinux, Yama, a user namespace), as far as proc/ tells: a security
// module that is not there is not named. `refused` is what the system said, with
// the path ("reading proc/812/fd: Permission denied").
Denial explain_denial(const Node& node, const std::string& refused);

}  // namespace hostnet
