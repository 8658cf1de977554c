#pragma once

#include <array>

#include "agent/verdicts/verdict.h"

namespace hostnet {

// All of them, the worst first.
inline constexpr std::array kFindingClasses{FindingClass::conflict, FindingClass::risk};
inline constexpr std::array kSeverities{Severity::critical, Severity::warning, Severity::info};

}  // namespace hostnet
