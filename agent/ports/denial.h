#pragma once

#include <string>

#include "netlink/node/node.h"

namespace hostnet {

// Why another process may not be inspected and how to fix that: worded the same everywhere (the
// attribution, socket options, `doctor`).
struct Denial {
  std::string code;   // "no_cap_sys_ptrace", "no_cap_dac_read_search", "process_denied"
  std::string cause;  // "the capability SYS_PTRACE is missing"
  std::string remedy;
};

// The missing capability, else what confines the agent (an AppArmor profile, an SELinux type, Yama,
// a user namespace), as far as proc/ shows it: inactive security modules are not mentioned.
// `refused` is the system's error message with the path ("reading proc/812/fd: Permission denied").
Denial explain_denial(const Node& node, const std::string& refused);

}  // namespace hostnet
