#include "agent/kube_events/condition_ledger.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/kube/json_cutter.h"
#include "agent/kube_events/words.h"
#include "agent/render/words.h"

namespace hostnet {
namespace {

constexpr std::size_t kNamed = 3;

std::string_view status_word(bool holds) {
  return holds ? "True" : "False";
}

std::string one_conflict(const Finding& finding) {
  std::string text =
      fmt::format("{} {}", port_words(finding.port, finding.protocol), to_string(finding.verdict));
  if (!finding.declared_by.empty()) {
    const DeclaredPort& declared = finding.declared_by.front();
    text += fmt::format(" {}/{}", declared.namespace_, declared.pod);
  }
  if (!finding.held_by.empty()) text += fmt::format(" ({})", finding.held_by.front().name);
  return text;
}

bool counts(const Finding& finding) {
  return class_of(finding.verdict) == FindingClass::conflict && !finding.ignored &&
         finding.severity != Severity::info;
}

struct Existing {
  std::string status, transition;
};

// The condition in a Node's JSON, with "" for missing fields; unset: not a Node.
std::optional<Existing> condition_in(const std::string& node) {
  const auto conditions =
      nlohmann::json::parse(json_member(node, {"status", "conditions"}), nullptr, false);
  if (!conditions.is_array()) return std::nullopt;
  const auto text_of = [](const nlohmann::json& object, const char* key) {
    const auto member = object.find(key);
    return member != object.end() && member->is_string() ? member->get<std::string>() : "";
  };
  for (const auto& one : conditions) {
    if (!one.is_object() || text_of(one, "type") != kConditionType) continue;
    return Existing{.status = text_of(one, "status"),
                    .transition = text_of(one, "lastTransitionTime")};
  }
  return Existing{};
}

}  // namespace

NodeCondition condition_of(const Report& report) {
  std::string named;
  std::size_t count = 0;
  const Finding* first = nullptr;
  for (const Finding& finding : report.findings) {
    if (!counts(finding)) continue;
    if (count == 0) first = &finding;
    if (count++ < kNamed) named += (named.empty() ? "" : "; ") + one_conflict(finding);
  }
  if (first == nullptr) {
    return {.holds = false,
            .reason = "NoHostPortConflict",
            .message = report.complete ? "Nothing else holds a port that a pod here declares"
                                       : "No conflict is seen, but not everything can be: "
                                         "`hostnet-agent doctor` says what is missing"};
  }
  std::string message =
      fmt::format("{} host port {}: {}", count, count == 1 ? "conflict" : "conflicts", named);
  if (count > kNamed) message += fmt::format("; and {} more", count - kNamed);
  return {.holds = true,
          .reason = std::string(info_of(first->verdict).event_reason),
          .message = kube_message(message)};
}

ConditionLedger::ConditionLedger(const std::string& node_name, double random)
    : path_(fmt::format("/api/v1/nodes/{}/status", percent_encoded(node_name))),
      first_heartbeat_(std::chrono::duration_cast<std::chrono::milliseconds>(kHeartbeat * random)) {
}

void ConditionLedger::see(const Report& report) {
  wanted_.reset();
  if (is_publishable(report)) wanted_ = condition_of(report);
}

KubeRequest ConditionLedger::patch(const std::string& members, bool dry_run) const {
  return {.method = KubeMethod::patch,
          .path = path_ + (dry_run ? "?dryRun=All" : ""),
          .content_type = std::string(kStrategicMergePatch),
          .body = fmt::format(R"({{"status":{{"conditions":[{}]}}}})", members)};
}

KubeRequest ConditionLedger::write(const NodeCondition& condition, WallTime wall) {
  const std::string_view status = status_word(condition.holds);
  const bool same = status == status_ && !transition_.empty();
  sending_ = {.condition = condition, .transition = same ? transition_ : kube_time(wall)};
  may_be_true_ = may_be_true_ || condition.holds;
  const nlohmann::ordered_json object{{"type", kConditionType},
                                      {"status", status},
                                      {"reason", condition.reason},
                                      {"message", condition.message},
                                      {"lastHeartbeatTime", kube_time(wall)},
                                      {"lastTransitionTime", sending_->transition}};
  return patch(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
               false);
}

std::optional<KubeRequest> ConditionLedger::next(SteadyTime now, WallTime wall) {
  if (!wanted_) return std::nullopt;
  if (!asked_) {
    const nlohmann::ordered_json nothing_new{{"type", kConditionType},
                                             {"lastHeartbeatTime", kube_time(wall)}};
    return patch(nothing_new.dump(), true);
  }
  const bool changed = written_ != wanted_;
  if (!(changed && changes_.has(now)) && !(written_ && now >= heartbeat_at_)) return std::nullopt;
  if (changed && changes_.has(now)) changes_.take(now);
  return write(*wanted_, wall);
}

bool ConditionLedger::learn(const KubeAnswer& answer) {
  if (const auto existing = condition_in(answer.body); existing && answer.reply.whole) {
    status_ = existing->status;
    transition_ = existing->transition;
    may_be_true_ = status_ == status_word(true);
    asked_ = true;
  }
  // The webhook does not support dry runs, or wants a whole condition: the old state stays unknown.
  if (answer.reply.status == 400 || answer.reply.status == 422) asked_ = true;
  return asked_;
}

bool ConditionLedger::answered(const KubeAnswer& answer, SteadyTime now) {
  const auto sent = std::exchange(sending_, std::nullopt);
  if (!sent) return learn(answer);
  if (answer.reply.status != 200) return false;
  heartbeat_at_ = now + (written_ ? kHeartbeat : first_heartbeat_);
  written_ = sent->condition;
  status_ = status_word(sent->condition.holds);
  transition_ = sent->transition;
  may_be_true_ = sent->condition.holds;
  return true;
}

std::optional<KubeRequest> ConditionLedger::last_word(WallTime wall) {
  if (!may_be_true_) return std::nullopt;
  // The server's state may differ from what is known: a request may be in flight.
  return write({.holds = false,
                .reason = "AgentStopped",
                .message = "hostnet-agent was stopped: this node's ports are not watched"},
               wall);
}

}  // namespace hostnet
