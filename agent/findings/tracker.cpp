#include "agent/findings/tracker.h"

#include <algorithm>
#include <utility>

#include "agent/findings/find_findings.h"

namespace hostnet {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What stale pod data says nothing about: the node's own findings.
bool depends_on_pods(const Finding& finding) {
  if (!finding.declared_by.empty()) return true;
  // Whose rule that is, and whether anybody declares the port, pods tell.
  if (finding.verdict == Verdict::hostport_rule_stale ||
      finding.verdict == Verdict::hostport_hijacks_listener) {
    return true;
  }
  return std::ranges::any_of(
      finding.held_by, [](const Holder& holder) { return holder.owner.kind == HolderKind::pod; });
}

void apply_rules(Finding& finding, const IgnoreRules& rules) {
  const std::string* reason = rules.reason(finding);
  finding.ignored = reason != nullptr;
  finding.ignored_because = reason != nullptr ? *reason : std::string();
}

}  // namespace

seconds default_grace(Verdict verdict) {
  const bool waits_for_rules =
      verdict == Verdict::hostport_not_programmed || verdict == Verdict::hostport_rule_stale;
  return waits_for_rules ? seconds(60) : seconds(0);
}

seconds grace_of(Verdict verdict, const Policy& policy) {
  const auto said = policy.grace.find(verdict);
  return said == policy.grace.end() ? default_grace(verdict) : said->second;
}

void apply_ignore_rules(std::vector<Finding>& findings, const IgnoreRules& rules) {
  for (Finding& finding : findings) apply_rules(finding, rules);
}

FindingTracker::FindingTracker(std::size_t history_limit) : history_limit_(history_limit) {}

Result<> FindingTracker::set_policy(const Policy& policy) {
  auto rules = IgnoreRules::compile(policy.ignore);
  if (!rules) return std::unexpected(std::move(rules).error());
  rules_ = std::move(*rules);
  grace_ = policy.grace;
  return {};
}

void FindingTracker::see(Finding&& finding, SteadyTime steady, WallTime wall) {
  const auto [slot, fresh] = entries_.try_emplace(finding.id);
  Entry& entry = slot->second;
  if (fresh) {
    entry.first_seen = steady;
    entry.since = wall;
  }
  entry.finding = std::move(finding);
  entry.finding.stale = false;
  entry.finding.since = entry.since;
  entry.tick = tick_;
}

void FindingTracker::settle(Entry& entry, SteadyTime steady, WallTime wall, Update& update) {
  const auto said = grace_.find(entry.finding.verdict);
  const seconds grace = said == grace_.end() ? default_grace(entry.finding.verdict) : said->second;
  entry.open = entry.open || steady - entry.first_seen >= grace;
  if (!entry.open) return;
  apply_rules(entry.finding, rules_);
  if (entry.finding.ignored || entry.announced) return;
  entry.announced = true;
  ++opened_[static_cast<std::size_t>(entry.finding.verdict)];
  remember({.opened = true, .finding = entry.finding, .at = wall}, update);
}

void FindingTracker::close(const Entry& entry, SteadyTime steady, WallTime wall, Update& update) {
  if (!entry.announced) return;
  remember({.opened = false,
            .finding = entry.finding,
            .at = wall,
            .lasted = duration_cast<milliseconds>(steady - entry.first_seen)},
           update);
}

void FindingTracker::remember(FindingEvent event, Update& update) {
  history_.push_back(event);
  if (history_.size() > history_limit_) history_.pop_front();
  update.events.push_back(std::move(event));
}

FindingTracker::Update FindingTracker::update(std::vector<Finding> seen, SteadyTime steady,
                                              WallTime wall, bool pods_stale) {
  ++tick_;
  Update update;
  for (Finding& finding : seen) {
    if (pods_stale && depends_on_pods(finding)) continue;
    see(std::move(finding), steady, wall);
  }
  for (auto slot = entries_.begin(); slot != entries_.end();) {
    Entry& entry = slot->second;
    const bool frozen = pods_stale && entry.open && depends_on_pods(entry.finding);
    if (entry.tick != tick_ && !frozen) {
      close(entry, steady, wall, update);
      slot = entries_.erase(slot);
      continue;
    }
    entry.finding.stale = frozen;
    settle(entry, steady, wall, update);
    if (entry.open) update.findings.push_back(entry.finding);
    ++slot;
  }
  std::ranges::sort(update.findings, finding_comes_before);
  return update;
}

std::uint64_t FindingTracker::opened_total(Verdict verdict) const {
  return opened_[static_cast<std::size_t>(verdict)];
}

}  // namespace hostnet
