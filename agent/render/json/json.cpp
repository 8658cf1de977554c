#include "agent/render/json/json.h"

#include <span>

#include "agent/ports/holder_kinds.h"
#include "agent/ports/protocols.h"
#include "agent/render/history.h"
#include "agent/render/json/check_json.h"
#include "agent/render/json/finding_json.h"
#include "agent/render/json/json_fields.h"
#include "agent/render/json_parts.h"
#include "agent/render/report_words.h"
#include "agent/render/words.h"

namespace hostnet {
namespace {

Json a_version() {
  return {{"const", kApiVersion}};
}

bool has_pid(const Owner& binder) {
  return !binder.processes.empty() && binder.processes.front().pid > 0;
}

constexpr JsonField<RefusedBind> kRefusedFields[]{
    {"first", a_time, [](const RefusedBind& it) { return Json(rfc3339(it.first)); }},
    {"last", a_time, [](const RefusedBind& it) { return Json(rfc3339(it.last)); }},
    {"count", an_integer, [](const RefusedBind& it) { return Json(it.times); }},
    {"protocol", one_of<kProtocols>,
     [](const RefusedBind& it) { return Json(to_string(it.protocol)); }},
    {"port", a_port, [](const RefusedBind& it) { return Json(it.port); }},
    {"address", a_string, [](const RefusedBind& it) { return Json(it.address.to_string()); }},
    {"errno", a_string, [](const RefusedBind& it) { return Json(it.error); }},
    {"kind", one_of<kHolderKinds>,
     [](const RefusedBind& it) { return Json(to_string(it.binder.kind)); }},
    {"pid", or_nothing<an_integer>,
     [](const RefusedBind& it) {
       return Json(has_pid(it.binder) ? Json(it.binder.processes.front().pid) : Json(nullptr));
     }},
    {"comm", a_string,
     [](const RefusedBind& it) {
       return Json(!it.binder.processes.empty() ? it.binder.processes.front().comm : "");
     }},
    {"unit", a_string, [](const RefusedBind& it) { return Json(it.binder.unit); }},
    {"cgroup", a_string, [](const RefusedBind& it) { return Json(it.binder.cgroup); }},
    {"namespace", a_string, [](const RefusedBind& it) { return Json(it.namespace_); }},
    {"pod", a_string, [](const RefusedBind& it) { return Json(it.pod); }},
    {"pod_uid", a_string, [](const RefusedBind& it) { return Json(it.binder.pod_uid); }},
    {"container_id", a_string, [](const RefusedBind& it) { return Json(it.binder.container_id); }},
    {"gone_after_ms", or_nothing<an_integer>,
     [](const RefusedBind& it) {
       return Json(it.gone_after ? Json(it.gone_after->count()) : Json(nullptr));
     }},
    {"held_by", list_of<ref<"Holder">>,
     [](const RefusedBind& it) { return Json(json_array(it.holders, holder_json)); }},
};

Json refused_json(const RefusedBind& refused) {
  return object_of<RefusedBind>(kRefusedFields, refused);
}

// The members that every answer about a scan begins with.
constexpr JsonField<Report> kScanFields[]{
    {"api_version", a_version, [](const Report& /*of*/) { return Json(kApiVersion); }},
    {"node", a_string, [](const Report& it) { return Json(it.node); }},
    {"generated_at", a_time, [](const Report& it) { return Json(rfc3339(it.generated_at)); }},
    {"complete", a_boolean, [](const Report& it) { return Json(it.complete); },
     "false: something that this node normally shows could not be seen"},
    {"problems", list_of<ref<"Problem">>,
     [](const Report& it) { return Json(json_array(it.problems, problem_json)); }},
    {"limits", list_of<ref<"Problem">>,
     [](const Report& it) { return Json(json_array(it.limits, problem_json)); },
     "what its kernel or CNI can never show"},
};

Json scan_json(const Report& report) {
  return object_of<Report>(kScanFields, report);
}

constexpr JsonField<FoldedSockets> kFoldedFields[]{
    {"protocol", one_of<kProtocols>,
     [](const FoldedSockets& it) { return Json(to_string(it.example.socket.protocol)); }},
    {"count", an_integer, [](const FoldedSockets& it) { return Json(it.places.size()); }},
    {"first_port", a_port, [](const FoldedSockets& it) { return Json(it.places.front().port); }},
    {"last_port", a_port, [](const FoldedSockets& it) { return Json(it.places.back().port); }},
    {"holder", ref<"Holder">,
     [](const FoldedSockets& it) { return Json(holder_json(it.example)); }},
};

// Sockets that are counted instead of listed one by one.
Json folded_json(const Report& report) {
  if (!report.table) return Json::array();
  return json_array(report.table->folded, [](const FoldedSockets& group) {
    return object_of<FoldedSockets>(kFoldedFields, group);
  });
}

constexpr JsonField<HostPort> kPortFields[]{
    {"protocol", one_of<kProtocols>,
     [](const HostPort& it) { return Json(to_string(it.protocol)); }},
    {"port", a_port, [](const HostPort& it) { return Json(it.port); }},
    {"holders", list_of<ref<"Holder">>,
     [](const HostPort& it) {
       return Json(
           json_array(it.holders, [](const Holder* holder) { return holder_json(*holder); }));
     }},
    {"declared_by", list_of<ref<"DeclaredPort">>,
     [](const HostPort& it) {
       return Json(json_array(
           it.declared_by, [](const DeclaredPort* declared) { return declared_json(*declared); }));
     }},
    {"findings", list_of<a_verdict>,
     [](const HostPort& it) { return Json(json_array(it.findings, verdict_json)); }},
};

constexpr JsonField<FindingEvent> kEventFields[]{
    {"event", [] { return one_of_words({"opened", "closed"}); },
     [](const FindingEvent& it) { return Json(it.opened ? "opened" : "closed"); }},
    {"at", a_time, [](const FindingEvent& it) { return Json(rfc3339(it.at)); }},
    {"lasted_seconds", or_nothing<a_number>,
     [](const FindingEvent& it) {
       return Json(it.opened ? Json(nullptr) : Json(static_cast<double>(it.lasted.count()) / 1000));
     }},
    {"finding", ref<"Finding">,
     [](const FindingEvent& it) { return Json(finding_json(it.finding)); }},
};

struct ApiError {
  int status{};
  std::string_view message;
};
constexpr JsonField<ApiError> kErrorFields[]{
    {"status", an_integer, [](const ApiError& it) { return Json(it.status); }},
    {"message", a_string, [](const ApiError& it) { return Json(it.message); }},
};

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
    return object_of<HostPort>(kPortFields, port);
  });
}

std::string history_json(const Report& report, const History& history) {
  Json head = scan_json(report);
  head["refusals"] =
      json_array(history.refusals, [](const auto& refused) { return refused_json(*refused); });
  return line_with_list(head, "events", history.events, [](const auto& event) {
    return object_of<FindingEvent>(kEventFields, *event);
  });
}

std::string refused_bind_json(const RefusedBind& refused) {
  return one_line(refused_json(refused));
}

std::string finding_event_json(const FindingEvent& event) {
  return one_line(object_of<FindingEvent>(kEventFields, event));
}

std::string error_json(int status, std::string_view message) {
  return one_line({{"error", object_of<ApiError>(kErrorFields, {status, message})}});
}

void add_report_schemas(Json& schemas) {
  add_finding_schemas(schemas);
  add_check_schemas(schemas);
  schemas["RefusedBind"] = schema_of<RefusedBind>(kRefusedFields);
  schemas["FoldedSockets"] = schema_of<FoldedSockets>(kFoldedFields);
  schemas["HostPort"] = schema_of<HostPort>(kPortFields);
  schemas["FindingEvent"] = schema_of<FindingEvent>(kEventFields);
  const std::span<const JsonField<Report>> scan = kScanFields;
  schemas["Findings"] = schema_of_list(scan, "findings", ref<"Finding">());
  schemas["Ports"] = schema_of_list(scan, "ports", ref<"HostPort">());
  schemas["Ports"]["properties"]["folded"] = list_of<ref<"FoldedSockets">>();
  schemas["History"] = schema_of_list(scan, "events", ref<"FindingEvent">());
  schemas["History"]["required"].push_back("refusals");
  schemas["History"]["properties"]["refusals"] = list_of<ref<"RefusedBind">>();
  schemas["Error"] = Json{{"type", "object"},
                          {"required", {"error"}},
                          {"properties", {{"error", schema_of<ApiError>(kErrorFields)}}}};
}

}  // namespace hostnet
