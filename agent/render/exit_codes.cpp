#include "agent/render/exit_codes.h"

#include <algorithm>

namespace hostnet {

int exit_code_of(const Report& report, FindingClass finding_class) {
  const bool found = std::ranges::any_of(report.findings, [&](const Finding& finding) {
    return class_of(finding.verdict) == finding_class && !finding.ignored &&
           finding.severity != Severity::info;
  });
  return found ? 1 : exit_code_of(report);
}

int exit_code_of(const Report& report) {
  return report.complete ? 0 : kIncompleteExit;
}

int exit_code_of(CheckVerdict verdict) {
  switch (verdict) {
    case CheckVerdict::free: return 0;
    case CheckVerdict::in_use:
    case CheckVerdict::diverted:
    case CheckVerdict::filtered:
    case CheckVerdict::no_such_address: return 1;
    case CheckVerdict::unknown: return kIncompleteExit;
  }
  return kIncompleteExit;
}

}  // namespace hostnet
