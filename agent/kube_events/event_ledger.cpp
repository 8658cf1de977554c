#include "agent/kube_events/event_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "agent/kube/json_cutter.h"
#include "agent/kube_events/words.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

using namespace std::chrono_literals;
using OrderedJson = nlohmann::ordered_json;

// The API server deletes Events after an hour (kube-apiserver --event-ttl).
constexpr auto kForgottenAfter = 1h;
constexpr auto kRepeatAfter = 30min;
// The delay after a permanent refusal by the server.
constexpr auto kRefusedFor = 5min;
// Per pod, as in client-go's EventSourceObjectSpamFilter.
constexpr int kBurst = 25;
constexpr auto kRefill = 5min;
constexpr std::size_t kMostEntries = 4096;
constexpr std::size_t kLongestName = 253;  // RFC 1123 subdomain

bool wants_an_event(const Finding& finding) {
  if (finding.ignored || finding.stale || finding.severity == Severity::info) return false;
  if (finding.declared_by.empty()) return false;
  const DeclaredPort& declared = finding.declared_by.front();
  // The API server does not know pods that exist only in a manifest.
  return !declared.uid.empty() && declared.source != "manifests";
}

std::string event_name(const std::string& pod, const std::string& finding) {
  std::string name = pod.substr(0, kLongestName - finding.size() - 1);
  while (name.ends_with('.') || name.ends_with('-')) name.pop_back();
  return name + "." + finding;
}

std::string field_path_of(const DeclaredPort& declared) {
  const bool init = declared.container_type == ContainerType::sidecar ||
                    declared.container_type == ContainerType::init;
  return fmt::format("spec.{}{{{}}}", init ? "initContainers" : "containers", declared.container);
}

std::optional<int> count_in(const std::string& event) {
  const auto count = parse_number<int>(json_member(event, {"count"}));
  return count && *count >= 0 ? count : std::nullopt;
}

std::string as_body(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

void EventLedger::see(const Report& report, SteadyTime now) {
  if (!is_publishable(report)) return;
  for (auto& [id, entry] : entries_) entry.open = false;
  for (const Finding& finding : report.findings) {
    if (wants_an_event(finding)) see(finding, report, now);
  }
  forget(now);
}

void EventLedger::see(const Finding& finding, const Report& report, SteadyTime now) {
  const auto known = entries_.find(finding.id);
  if (known == entries_.end() && entries_.size() >= kMostEntries) return;
  Entry& entry = entries_[finding.id];
  const DeclaredPort& declared = finding.declared_by.front();
  if (known == entries_.end()) {
    entry.namespace_ = declared.namespace_;
    entry.name = event_name(declared.pod, finding.id);
    entry.field_path = field_path_of(declared);
    entry.pod = declared.pod;
    // The kubelet and `kubectl describe` identify a static pod by its hash.
    entry.pod_uid = declared.config_hash.empty() ? declared.uid : declared.config_hash;
    entry.reason = info_of(finding.verdict).event_reason;
    entry.first = finding.since.value_or(report.generated_at);
    entry.unwritten = 1;
  } else if (entry.since != finding.since || entry.severity != finding.severity) {
    ++entry.unwritten;
  }
  entry.message = kube_message(fmt::format("{}: {} To do: {}", to_string(finding.severity),
                                           finding.explanation, finding.remedy));
  entry.since = finding.since;
  entry.severity = finding.severity;
  entry.last = report.generated_at;
  entry.open = true;
  entry.seen_at = now;
}

void EventLedger::forget(SteadyTime now) {
  std::erase_if(entries_, [now](const auto& item) {
    const Entry& entry = item.second;
    if (entry.open || entry.sending > 0) return false;
    return !entry.exists || now - entry.seen_at >= kForgottenAfter;
  });
  std::erase_if(tokens_, [now](const auto& item) { return item.second.full(now); });
}

TokenBucket& EventLedger::tokens_of(const std::string& pod_uid) {
  return tokens_.try_emplace(pod_uid, kBurst, kRefill).first->second;
}

std::optional<EventLedger::Write> EventLedger::next(SteadyTime now) {
  const auto rank = [](const Entry& entry) { return std::tie(entry.severity, entry.since); };
  std::pair<const std::string, Entry>* best = nullptr;
  for (auto& item : entries_) {
    const Entry& entry = item.second;
    const bool repeat = entry.exists && now - entry.written_at >= kRepeatAfter;
    if (!entry.open || entry.retry_at > now || (entry.unwritten == 0 && !repeat)) continue;
    if (!tokens_of(entry.pod_uid).has(now)) continue;
    if (best == nullptr || rank(entry) < rank(best->second)) best = &item;
  }
  if (best == nullptr || !all_.has(now)) return std::nullopt;
  all_.take(now);
  tokens_of(best->second.pod_uid).take(now);
  return Write{.finding = best->first, .request = request_for(best->second)};
}

KubeRequest EventLedger::request_for(Entry& entry) const {
  const std::string path =
      fmt::format("/api/v1/namespaces/{}/events", percent_encoded(entry.namespace_));
  entry.sending = std::max(entry.unwritten, 1);
  if (entry.exists) {
    OrderedJson patch{{"message", entry.message}, {"lastTimestamp", kube_time(entry.last)}};
    // Not known after a restart: the answer will have it.
    if (entry.count) patch["count"] = *entry.count + entry.sending;
    return {.method = KubeMethod::patch,
            .path = path + "/" + percent_encoded(entry.name),
            .content_type = std::string(kStrategicMergePatch),
            .body = as_body(patch)};
  }
  const OrderedJson event{{"apiVersion", "v1"},
                          {"kind", "Event"},
                          {"metadata", {{"name", entry.name}, {"namespace", entry.namespace_}}},
                          {"involvedObject",
                           {{"apiVersion", "v1"},
                            {"kind", "Pod"},
                            {"namespace", entry.namespace_},
                            {"name", entry.pod},
                            {"uid", entry.pod_uid},
                            {"fieldPath", entry.field_path}}},
                          {"type", "Warning"},
                          {"reason", entry.reason},
                          {"message", entry.message},
                          {"source", {{"component", kReporter}, {"host", node_name_}}},
                          {"reportingComponent", kReporter},
                          {"reportingInstance", node_name_},
                          {"firstTimestamp", kube_time(entry.first)},
                          {"lastTimestamp", kube_time(entry.last)},
                          {"count", entry.sending}};
  return {.method = KubeMethod::post,
          .path = path,
          .content_type = std::string(kJson),
          .body = as_body(event)};
}

bool EventLedger::answered(const std::string& finding, const KubeAnswer& answer, SteadyTime now) {
  const auto known = entries_.find(finding);
  if (known == entries_.end()) return true;
  Entry& entry = known->second;
  const int sent = std::exchange(entry.sending, 0);
  const int status = answer.reply.status;
  if (status == 200 || status == 201) {
    entry.unwritten = std::max(entry.unwritten - sent, 0);
    entry.written_at = now;
    const int written = entry.exists ? entry.count.value_or(0) + sent : sent;
    const bool known_count = !entry.exists || entry.count.has_value();
    entry.count = count_in(answer.body);
    if (!entry.count && known_count) entry.count = written;
    entry.exists = true;
    return true;
  }
  if (status == 409 && !entry.exists) {  // created by an earlier agent
    entry.exists = true;
    entry.count.reset();
    return true;
  }
  if (status == 404 && entry.exists) {  // expired: create it again
    entry.exists = false;
    entry.count.reset();
    entry.unwritten = std::max(entry.unwritten, 1);
    return true;
  }
  if (status == 404) {  // the namespace is gone, and the pod with it
    entry.unwritten = 0;
    return true;
  }
  const bool may_work_soon = status < 400 || status == 401 || status == 408 || status == 409 ||
                             status == 429 || status >= 500;
  if (!may_work_soon) entry.retry_at = now + kRefusedFor;
  return false;
}

}  // namespace hostnet
