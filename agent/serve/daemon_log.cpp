#include "agent/serve/daemon_log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/log/log.h"
#include "agent/render/words.h"

namespace hostnet {

void log_event(const FindingEvent& event) {
  const Finding& finding = event.finding;
  const auto level = finding.severity == Severity::info ? log::Level::info : log::Level::warn;
  if (event.opened) {
    log::write(level, "finding opened",
               {{"verdict", to_string(finding.verdict)},
                {"severity", to_string(finding.severity)},
                {"port", port_words(finding.port, finding.protocol)},
                {"host_ip", finding.host_ip},
                {"declared_by", declarations_words(finding.declared_by)},
                {"held_by", holders_words(finding.held_by)},
                {"id", finding.id},
                {"explanation", finding.explanation},
                {"remedy", finding.remedy}});
  } else {
    log::write(log::Level::info, "finding closed",
               {{"verdict", to_string(finding.verdict)},
                {"severity", to_string(finding.severity)},
                {"port", port_words(finding.port, finding.protocol)},
                {"host_ip", finding.host_ip},
                {"declared_by", declarations_words(finding.declared_by)},
                {"id", finding.id},
                {"lasted", age(event.lasted)}});
  }
}

void log_new_problems(const Report* before, const Report& now) {
  for (const Problem& problem : now.problems) {
    if (problem.code == "pods_not_synced") continue;
    if (before != nullptr &&
        std::ranges::find(before->problems, problem) != before->problems.end()) {
      continue;
    }
    log::warn("limited visibility",
              {{"code", problem.code}, {"problem", problem.message}, {"remedy", problem.remedy}});
  }
}

void PodNews::see(const PodSnapshot& pods) {
  if (!pods.synced || !pods.has_source() || pods.source == source_) return;
  source_ = pods.source;
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_);
  log::info("pods synced", {{"source", source_},
                            {"pods", pods.pods.size()},
                            {"took", fmt::format("{:.1f}s", took.count())},
                            {"passed_over", fmt::format("{}", fmt::join(pods.passed_over, "; "))}});
}

}  // namespace hostnet
