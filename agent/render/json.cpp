#include "agent/render/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "agent/render/history.h"
#include "agent/render/json_parts.h"
#include "agent/render/words.h"

namespace hostnet {
namespace {

std::string one_line(const Json& json) {
  return json_text(json) + "\n";
}

Json verdict_json(Verdict verdict) {
  return Json(to_string(verdict));
}

Json declared_json(const DeclaredPort& declared) {
  return Json{{"namespace", declared.namespace_},
              {"pod", declared.pod},
              {"uid", declared.uid},
              {"workload", declared.workload},
              {"container", declared.container},
              {"container_type", to_string(declared.container_type)},
              {"mode", to_string(declared.mode)},
              {"host_ip", declared.host_ip},
              {"port", declared.port},
              {"phase", declared.phase},
              {"container_state", declared.container_state},
              {"reason", declared.reason},
              {"restarts", or_null(declared.restarts)},
              {"ready", or_null(declared.ready)},
              {"terminating", declared.terminating},
              {"source", declared.source}};
}

Json holder_json(const Holder& holder) {
  const auto& socket = holder.socket;
  const auto& owner = holder.owner;
  const bool known = !owner.processes.empty();
  return Json{{"kind", to_string(owner.kind)},
              {"name", holder.name},
              {"pid", known ? Json(owner.processes.front().pid) : Json(nullptr)},
              {"comm", known ? owner.processes.front().comm : ""},
              {"exe", owner.exe},
              {"processes", json_array(owner.processes,
                                       [](const Process& process) {
                                         return Json{{"pid", process.pid}, {"comm", process.comm}};
                                       })},
              {"unit", owner.unit},
              {"unit_service", owner.unit_service},
              {"cgroup", owner.cgroup},
              {"uid", or_null(known_uid(holder))},
              {"namespace", holder.namespace_},
              {"pod", holder.pod},
              {"container_id", owner.container_id},
              {"state", state_words(holder)},
              {"local_address", local_words(holder)},
              {"local_port", socket.local_port == 0 ? Json(nullptr) : Json(socket.local_port)},
              {"device", holder.device},
              {"v6only", or_null(socket.v6only)},
              {"peer", socket.peer_port == 0 ? "" : endpoint_words(socket.peer, socket.peer_port)},
              {"expires_ms", or_null(socket.expires_ms)},
              {"inode", socket.inode == 0 ? Json(nullptr) : Json(socket.inode)},
              {"rule", holder.rule}};
}

Json observed_json(const Observed& observed) {
  return Json{{"first", rfc3339(observed.first)}, {"last", rfc3339(observed.last)},
              {"count", observed.count},          {"errno", observed.error},
              {"pid", or_null(observed.pid)},     {"comm", observed.comm}};
}

Json finding_json(const Finding& finding) {
  Json json{{"id", finding.id},
            {"class", to_string(class_of(finding.verdict))},
            {"verdict", to_string(finding.verdict)},
            {"severity", to_string(finding.severity)},
            {"protocol", finding.protocol ? Json(to_string(*finding.protocol)) : Json(nullptr)},
            {"port", or_null(finding.port)},
            {"host_ip", finding.host_ip},
            {"since", finding.since ? Json(rfc3339(*finding.since)) : Json(nullptr)},
            {"stale", finding.stale},
            {"ignored", finding.ignored}};
  if (finding.ignored) json["ignored_because"] = finding.ignored_because;
  json["declared_by"] = json_array(finding.declared_by, declared_json);
  json["held_by"] = json_array(finding.held_by, holder_json);
  json["observed"] = finding.observed ? observed_json(*finding.observed) : Json(nullptr);
  json["explanation"] = finding.explanation;
  json["remedy"] = finding.remedy;
  return json;
}

Json refused_json(const RefusedBind& refused) {
  const Owner& binder = refused.binder;
  const bool known = !binder.processes.empty() && binder.processes.front().pid > 0;
  return Json{
      {"first", rfc3339(refused.first)},
      {"last", rfc3339(refused.last)},
      {"count", refused.times},
      {"protocol", to_string(refused.protocol)},
      {"port", refused.port},
      {"address", refused.address.to_string()},
      {"errno", refused.error},
      {"kind", to_string(binder.kind)},
      {"pid", known ? Json(binder.processes.front().pid) : Json(nullptr)},
      {"comm", binder.processes.empty() ? "" : binder.processes.front().comm},
      {"unit", binder.unit},
      {"cgroup", binder.cgroup},
      {"namespace", refused.namespace_},
      {"pod", refused.pod},
      {"pod_uid", binder.pod_uid},
      {"container_id", binder.container_id},
      {"gone_after_ms", refused.gone_after ? Json(refused.gone_after->count()) : Json(nullptr)},
      {"held_by", json_array(refused.holders, holder_json)}};
}

// What every answer about a scan begins with.
Json scan_json(const Report& report) {
  return Json{{"api_version", kApiVersion},
              {"node", report.node},
              {"generated_at", rfc3339(report.generated_at)},
              {"complete", report.complete},
              {"problems", json_array(report.problems, problem_json)},
              {"limits", json_array(report.limits, problem_json)}};
}

// Sockets that are counted instead of told one by one.
Json folded_json(const Report& report) {
  Json groups = Json::array();
  if (!report.table) return groups;
  for (const FoldedSockets& group : report.table->folded) {
    groups.push_back({{"protocol", to_string(group.example.socket.protocol)},
                      {"count", group.places.size()},
                      {"first_port", group.places.front().port},
                      {"last_port", group.places.back().port},
                      {"holder", holder_json(group.example)}});
  }
  return groups;
}

}  // namespace

std::string findings_json(const Report& report, FindingClass finding_class, bool include_ignored) {
  return line_with_list(scan_json(report), "findings",
                        findings_of(report, finding_class, include_ignored),
                        [](const Finding* finding) { return finding_json(*finding); });
}

std::string ports_json(const Report& report, const PortFilter& filter) {
  Json head = scan_json(report);
  if (!filter.port) head["folded"] = folded_json(report);
  return line_with_list(head, "ports", host_ports(report, filter), [](const HostPort& port) {
    return Json{{"protocol", to_string(port.protocol)},
                {"port", port.port},
                {"holders", json_array(port.holders,
                                       [](const Holder* holder) { return holder_json(*holder); })},
                {"declared_by",
                 json_array(port.declared_by,
                            [](const DeclaredPort* declared) { return declared_json(*declared); })},
                {"findings", json_array(port.findings, verdict_json)}};
  });
}

std::string history_json(const Report& report, const History& history) {
  Json head = scan_json(report);
  head["refusals"] =
      json_array(history.refusals, [](const auto& refused) { return refused_json(*refused); });
  return line_with_list(head, "events", history.events, [](const auto& event) {
    const auto seconds = static_cast<double>(event->lasted.count()) / 1000;
    return Json{{"event", event->opened ? "opened" : "closed"},
                {"at", rfc3339(event->at)},
                {"lasted_seconds", event->opened ? Json(nullptr) : Json(seconds)},
                {"finding", finding_json(event->finding)}};
  });
}

std::string refused_bind_json(const RefusedBind& refused) {
  return one_line(refused_json(refused));
}

std::string check_json(const CheckAnswer& answer) {
  return one_line(Json{{"protocol", to_string(answer.protocol)},
                       {"port", answer.port},
                       {"address", answer.address.to_string()},
                       {"verdict", to_string(answer.verdict)},
                       {"bindable", or_null(answer.bindable)},
                       {"holders", json_array(answer.holders, holder_json)},
                       {"declared_by", json_array(answer.declared_by, declared_json)},
                       {"risks", json_array(answer.risks, verdict_json)},
                       {"explanation", answer.explanation}});
}

std::string error_json(int status, std::string_view message) {
  return one_line(Json{{"error", {{"status", status}, {"message", message}}}});
}

}  // namespace hostnet
