#include "agent/findings/lifecycle.h"

#include <algorithm>
#include <utility>

#include "agent/findings/find_findings.h"
#include "agent/ports/protocols.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::chrono::minutes kFreezesAtMost{5};

// Whether stale pod data affects the finding; the node's own findings do not depend on it.
bool depends_on_pods(const Finding& finding) {
  if (finding.verdict == Verdict::bind_refused) return false;  // reported by the kernel
  return info_of(finding.verdict).inputs.pods || !finding.declared_by.empty() ||
         std::ranges::any_of(finding.held_by, [](const Holder& holder) {
           return holder.owner.kind == HolderKind::pod;
         });
}

void apply_rules(Finding& finding, const IgnoreRules& rules) {
  const std::string* reason = rules.reason(finding);
  finding.ignored = reason != nullptr;
  finding.ignored_because = reason != nullptr ? *reason : std::string();
}

}  // namespace

Unread unread_of(const PortSnapshot& table, const PodSnapshot& pods) {
  const bool rules_failed = contains(table.coverage.problems, "nat_rules_failed", &Problem::code);
  return {.pods = pods.stale || !pods.synced,
          .owners = !table.coverage.every_owner,
          .rules = !table.nat || rules_failed,
          .sockets = table.coverage.unread};
}

void apply_ignore_rules(std::vector<Finding>& findings, const IgnoreRules& rules) {
  for (Finding& finding : findings) apply_rules(finding, rules);
}

Result<> FindingLifecycle::set_policy(const Policy& policy) {
  auto rules = IgnoreRules::compile(policy.ignore);
  if (!rules) return std::unexpected(std::move(rules).error());
  rules_ = std::move(*rules);
  grace_ = policy.grace;
  return {};
}

void FindingLifecycle::LastRead::see(bool unread, SteadyTime now) {
  if (!unread) at = now;
  frozen = unread && at && now - *at < kFreezesAtMost;
}

bool FindingLifecycle::is_frozen(const Finding& finding) const {
  const Inputs inputs = info_of(finding.verdict).inputs;
  if (pods_unread_ && depends_on_pods(finding)) return true;
  if (inputs.rules && last_rules_.frozen) return true;
  if (!inputs.sockets || !finding.protocol) return false;
  const auto sockets = last_sockets_.find(*finding.protocol);
  return sockets != last_sockets_.end() && sockets->second.frozen;
}

// Whether it stays open although it is not seen.
bool FindingLifecycle::outlives(const Finding& unseen) const {
  return is_frozen(unseen) || (last_owners_.frozen && info_of(unseen.verdict).inputs.owners);
}

void FindingLifecycle::see(Finding finding, SteadyTime steady, WallTime wall, Update& update) {
  const auto [slot, fresh] = entries_.try_emplace(finding.id);
  Entry& entry = slot->second;
  if (entry.tick == tick_) return;  // reported twice
  if (fresh) {
    entry.first_seen = steady;
    entry.since = wall;
  }
  entry.tick = tick_;
  const auto configured = grace_.find(finding.verdict);
  const auto grace =
      configured == grace_.end() ? info_of(finding.verdict).grace : configured->second;
  entry.open = entry.open || steady - entry.first_seen >= grace;
  finding.stale = false;
  finding.since = entry.since;
  if (entry.open) settle(entry, std::move(finding), wall, update);
}

// Handles a finding that was open at the last tick and may not be seen now.
void FindingLifecycle::miss(const Finding& last, SteadyTime steady, WallTime wall, Update& update) {
  const auto slot = entries_.find(last.id);
  if (slot == entries_.end() || slot->second.tick == tick_) return;
  Entry& entry = slot->second;
  if (outlives(last)) {
    Finding finding = last;
    finding.stale = true;
    entry.tick = tick_;
    settle(entry, std::move(finding), wall, update);
  } else if (entry.announced) {
    update.events.push_back({.opened = false,
                             .finding = last,
                             .at = wall,
                             .lasted = duration_cast<milliseconds>(steady - entry.first_seen)});
  }
}

void FindingLifecycle::settle(Entry& entry, Finding finding, WallTime wall, Update& update) {
  apply_rules(finding, rules_);
  if (!finding.ignored && !entry.announced) {
    entry.announced = true;
    update.events.push_back({.opened = true, .finding = finding, .at = wall});
  }
  update.findings.push_back(std::move(finding));
}

FindingLifecycle::Update FindingLifecycle::update(std::vector<Finding> seen,
                                                  const std::vector<Finding>& last,
                                                  SteadyTime steady, WallTime wall,
                                                  const Unread& unread) {
  ++tick_;
  pods_unread_ = unread.pods;
  last_owners_.see(unread.owners, steady);
  last_rules_.see(unread.rules, steady);
  for (const Protocol protocol : kProtocols) {
    last_sockets_[protocol].see(unread.sockets.contains(protocol), steady);
  }
  Update update;
  update.findings.reserve(seen.size());
  for (Finding& finding : seen) {
    if (!is_frozen(finding)) see(std::move(finding), steady, wall, update);
  }
  for (const Finding& finding : last) miss(finding, steady, wall, update);
  std::erase_if(entries_, [&](const auto& slot) { return slot.second.tick != tick_; });
  std::ranges::sort(update.findings, finding_comes_before);
  return update;
}

}  // namespace hostnet
