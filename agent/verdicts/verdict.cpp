#include "agent/verdicts/verdict.h"

namespace hostnet {

std::optional<Verdict> parse_verdict(std::string_view text) {
  const auto found = std::ranges::find(kVerdicts, text, &VerdictInfo::name);
  if (found == kVerdicts.end()) return std::nullopt;
  return found->verdict;
}

std::string_view to_string(FindingClass finding_class) {
  return finding_class == FindingClass::conflict ? "conflict" : "risk";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::critical: return "critical";
    case Severity::warning: return "warning";
    case Severity::info: return "info";
  }
  return "info";
}

}  // namespace hostnet
