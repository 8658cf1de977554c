#include "agent/kube_events/label_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/kube/json_cutter.h"
#include "agent/kube_events/words.h"
#include "agent/ports/parse_port.h"

namespace hostnet {
namespace {

bool is_outside_kubernetes(const Holder& holder) {
  const bool unmanaged = holder.owner.kind == HolderKind::unmanaged_process ||
                         holder.owner.kind == HolderKind::unmanaged_container;
  return unmanaged && !holder.owner.self && holder.socket.is_server();
}

bool is_listed(const LabelledPort& port, const std::vector<ReservedPorts>& listed) {
  return std::ranges::any_of(listed, [&](const ReservedPorts& one) {
    return one.ports.contains(port.second) && one.protocol.value_or(port.first) == port.first;
  });
}

// Whether this is a conflict with such a holder, in this report.
bool is_conflict(const Finding& finding) {
  const bool unmanaged = finding.verdict == Verdict::unmanaged_process ||
                         finding.verdict == Verdict::unmanaged_container ||
                         finding.verdict == Verdict::hostport_hijacks_listener;
  return unmanaged && !finding.stale && !finding.ignored && finding.port && finding.protocol;
}

// "hostports.hostnet-agent.io/tcp-8080".
std::string key_of(const LabelledPort& port) {
  return fmt::format("{}{}-{}", kPortLabelPrefix, to_string(port.first), port.second);
}

std::optional<LabelledPort> port_of(std::string_view key) {
  const auto dash = key.rfind('-');
  if (!key.starts_with(kPortLabelPrefix) || dash == std::string_view::npos) return std::nullopt;
  const auto protocol = key.substr(kPortLabelPrefix.size(), dash - kPortLabelPrefix.size());
  const auto port = parse_port(fmt::format("{}/{}", key.substr(dash + 1), protocol));
  if (!port || !port->protocol) return std::nullopt;
  const LabelledPort labelled{*port->protocol, port->port};
  return key_of(labelled) == key ? std::optional(labelled) : std::nullopt;
}

}  // namespace

LabelLedger::LabelLedger(const std::string& node_name)
    : path_(fmt::format("/api/v1/nodes/{}/status", percent_encoded(node_name))) {}

void LabelLedger::see(const Report& report, SteadyTime now) {
  publishable_ = is_publishable(report) && report.table != nullptr &&
                 report.table->coverage.every_owner && report.table->coverage.unread.empty();
  if (!publishable_) return;
  seen_at_ = now;
  std::set<LabelledPort> held, of_interest;
  for (const Holder& holder : report.table->holders) {
    if (!is_outside_kubernetes(holder)) continue;
    const LabelledPort port{holder.socket.protocol, holder.socket.local_port};
    held.insert(port);
    if (is_listed(port, report.label_ports)) of_interest.insert(port);
  }
  for (const Finding& finding : report.findings) {
    if (is_conflict(finding)) of_interest.insert({*finding.protocol, *finding.port});
  }
  for (const LabelledPort& port : of_interest) watched_.try_emplace(port, Watched{.since = now});
  for (auto& [port, watched] : watched_) {
    if (watched.held == held.contains(port)) continue;
    watched = {.held = !watched.held, .since = now};
  }
}

// Existing labels go first, so that a new port never displaces one.
std::set<LabelledPort> LabelLedger::wanted(SteadyTime now) const {
  std::set<LabelledPort> kept, fresh;
  for (const auto& [port, watched] : watched_) {
    const bool labelled = ours_ && ours_->contains(key_of(port));
    const auto lasts = now - watched.since;
    if (labelled && (watched.held || lasts < kFreeFor)) kept.insert(port);
    if (!labelled && watched.held && lasts >= kHeldFor && !foreign_.contains(key_of(port))) {
      fresh.insert(port);
    }
  }
  for (const LabelledPort& port : fresh) {
    if (kept.size() < kMostLabels) kept.insert(port);
  }
  return kept;
}

std::map<std::string, bool> LabelLedger::changes_to(const std::set<LabelledPort>& wanted) const {
  std::map<std::string, bool> changes;
  for (const std::string& label : *ours_) changes.emplace(label, false);
  for (const LabelledPort& port : wanted) {
    if (changes.erase(key_of(port)) == 0) changes.emplace(key_of(port), true);
  }
  return changes;
}

KubeRequest LabelLedger::patch(const std::map<std::string, bool>& changes, bool dry_run) const {
  nlohmann::ordered_json labels = nlohmann::ordered_json::object();
  for (const auto& [label, added] : changes) {
    labels[label] = added ? nlohmann::ordered_json(kPortLabelValue) : nlohmann::ordered_json();
  }
  const nlohmann::ordered_json body{{"metadata", {{"labels", labels}}}};
  return {.method = KubeMethod::patch,
          .path = path_ + (dry_run ? "?dryRun=All" : ""),
          .content_type = std::string(kStrategicMergePatch),
          .body = body.dump()};
}

std::optional<KubeRequest> LabelLedger::next(SteadyTime now) {
  if (!publishable_) return std::nullopt;
  if (!ours_) return patch({}, true);
  sending_ = changes_to(wanted(now));
  if (sending_.empty() || !changes_.has(now)) {
    sending_.clear();
    return std::nullopt;
  }
  if (!read_at_ || now - *read_at_ > kReadBefore) {  // others may have changed the labels since
    sending_.clear();
    return patch({}, true);
  }
  changes_.take(now);
  return patch(sending_, false);
}

bool LabelLedger::answered(const KubeAnswer& answer, SteadyTime now) {
  const bool wrote = !sending_.empty();
  sending_.clear();
  read_at_.reset();
  if (answer.reply.status != 200 || !answer.reply.whole) return false;
  const auto labels =
      nlohmann::json::parse(json_member(answer.body, {"metadata", "labels"}), nullptr, false);
  ours_.emplace();
  foreign_.clear();
  if (labels.is_object()) {
    for (const auto& [label, value] : labels.items()) {
      if (!label.starts_with(kPortLabelPrefix)) continue;
      const auto port = port_of(label);
      if (port && value == kPortLabelValue) {
        ours_->insert(label);
        watched_.try_emplace(*port, Watched{.since = seen_at_});  // written by an earlier agent
      } else {
        foreign_.insert(label);
      }
    }
  }
  if (!wrote) read_at_ = now;
  return true;
}

std::optional<KubeRequest> LabelLedger::removal() const {
  if (!ours_ || ours_->empty()) return std::nullopt;
  std::map<std::string, bool> changes;
  for (const std::string& label : *ours_) changes.emplace(label, false);
  return patch(changes, false);
}

}  // namespace hostnet
