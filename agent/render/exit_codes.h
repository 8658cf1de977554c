#pragma once

// The exit code of a one-shot call, from the content of its answer; an answer of the daemon
// carries it in the header Hostnet-Exit-Code.

#include <string>
#include <string_view>

#include "agent/findings/check.h"
#include "agent/findings/report.h"

namespace hostnet {

inline constexpr std::string_view kExitCodeHeader = "Hostnet-Exit-Code";
inline constexpr int kIncompleteExit = 2;

struct CallAnswer {
  std::string text;
  int exit_code{};
};

// 1: a finding of the class, except info; else whether the scan saw everything.
int exit_code_of(const Report& report, FindingClass finding_class);
int exit_code_of(const Report& report);  // 0; 2 if it did not see everything
int exit_code_of(CheckVerdict verdict);  // 0 free; 1 not; 2 unknown

}  // namespace hostnet
