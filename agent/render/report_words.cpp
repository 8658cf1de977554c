#include "agent/render/report_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/render/words.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

// 47,900
std::string grouped(std::size_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

}  // namespace

std::vector<std::string> folded_lines(const Report& report) {
  std::vector<std::string> lines;
  if (!report.table) return lines;
  for (const FoldedSockets& group : report.table->folded) {
    const Socket& socket = group.example.socket;
    lines.push_back(fmt::format("and {} more {} sockets of {} on ports {} to {}",
                                grouped(group.places.size()), to_string(socket.protocol),
                                holder_words(group.example), group.places.front().port,
                                group.places.back().port));
  }
  return lines;
}

std::string pods_words(const Report& report) {
  if (!report.pods || !report.pods->has_source()) {
    return "no pod source";
  }
  const auto& pods = *report.pods;
  auto words = "pods from " + pods.source;
  if (!pods.last_success) {
    words += ", no answer yet";
  } else {
    words += " " + age(report.generated_at - *pods.last_success) + " ago";
  }
  if (pods.stale) words += " (stale)";
  return words;
}

std::string completeness_words(const Report& report) {
  const std::string_view answer = report.complete ? "complete" : "incomplete";
  if (report.problems.empty()) return std::string(answer);
  const Problem& first = report.problems.front();
  std::string words =
      fmt::format("{}: {}", report.complete ? "complete, but" : answer, first.message);
  const std::size_t more = report.problems.size() - 1;
  if (more > 0) {
    words += fmt::format(" and {}; hostnet-agent doctor says what to do",
                         counted(more, "more problem", "more problems"));
  } else if (!first.remedy.empty()) {
    words += fmt::format(" ({})", first.remedy);
  }
  return words;
}

std::string summary_words(const Report& report) {
  std::size_t conflicts = 0, risks = 0, ignored = 0, sockets = 0;
  for (const auto& finding : report.findings) {
    auto& count = finding.ignored                                       ? ignored
                  : class_of(finding.verdict) == FindingClass::conflict ? conflicts
                                                                        : risks;
    ++count;
  }
  if (report.table) {
    sockets = static_cast<std::size_t>(
        std::ranges::count_if(report.table->holders, [](const Holder& holder) {
          return holder.owner.kind != HolderKind::nat_rule && holder.socket.is_server();
        }));
    sockets += count_folded_servers(report.table->folded);
  }
  auto words = counted(conflicts, "conflict", "conflicts") + ", " + counted(risks, "risk", "risks");
  if (ignored > 0) words += fmt::format(", {} ignored", ignored);
  words += "; " + counted(sockets, "listening socket", "listening sockets") + ", " +
           counted(report.declared.size(), "declared port", "declared ports");
  return words + "; " + pods_words(report) + "; " + completeness_words(report);
}

std::vector<const Finding*> findings_of(const Report& report, FindingClass finding_class,
                                        bool include_ignored) {
  std::vector<const Finding*> findings;
  for (const auto& finding : report.findings) {
    if (class_of(finding.verdict) != finding_class) continue;
    if (finding.ignored && !include_ignored) continue;
    findings.push_back(&finding);
  }
  return findings;
}

}  // namespace hostnet
