#include "agent/render/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "agent/render/history.h"
#include "agent/render/json_fields.h"
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

Json a_verdict() {
  Json type{{"type", "string"}, {"enum", Json::array()}};
  for (const VerdictInfo& row : kVerdicts) type["enum"].push_back(row.name);
  return type;
}

Json a_class() {
  return one_of_words({"conflict", "risk"});
}

Json a_severity() {
  return one_of_words({"critical", "warning", "info"});
}

Json a_holder_kind() {
  return one_of_words({"node_component", "pod", "unmanaged_container", "unmanaged_process",
                       "kernel", "nat_rule", "unknown"});
}

Json a_check_verdict() {
  Json type{{"type", "string"}, {"enum", Json::array()}};
  for (const CheckVerdict verdict : kCheckVerdicts) type["enum"].push_back(to_string(verdict));
  return type;
}

Json a_version() {
  return {{"const", kApiVersion}};
}

template <class Value>
Json time_or_null(const std::optional<Value>& time) {
  return time ? Json(rfc3339(*time)) : Json(nullptr);
}

constexpr JsonField<DeclaredPort> kDeclaredFields[]{
    {"namespace", a_string, [](const DeclaredPort& it) { return Json(it.namespace_); }},
    {"pod", a_string, [](const DeclaredPort& it) { return Json(it.pod); }},
    {"uid", a_string, [](const DeclaredPort& it) { return Json(it.uid); }},
    {"workload", a_string, [](const DeclaredPort& it) { return Json(it.workload); },
     "controller kind and name, without template hash and node suffix"},
    {"container", a_string, [](const DeclaredPort& it) { return Json(it.container); }},
    {"container_type", [] { return one_of_words({"container", "sidecar", "init", "ephemeral"}); },
     [](const DeclaredPort& it) { return Json(to_string(it.container_type)); }},
    {"mode", [] { return one_of_words({"hostNetwork", "hostPort"}); },
     [](const DeclaredPort& it) { return Json(to_string(it.mode)); }},
    {"host_ip", a_string, [](const DeclaredPort& it) { return Json(it.host_ip); }},
    {"port", a_port, [](const DeclaredPort& it) { return Json(it.port); }},
    {"phase", a_string, [](const DeclaredPort& it) { return Json(it.phase); }},
    {"container_state", a_string, [](const DeclaredPort& it) { return Json(it.container_state); }},
    {"reason", a_string, [](const DeclaredPort& it) { return Json(it.reason); }},
    {"restarts", or_nothing<an_integer>,
     [](const DeclaredPort& it) { return Json(or_null(it.restarts)); }},
    {"ready", or_nothing<a_boolean>,
     [](const DeclaredPort& it) { return Json(or_null(it.ready)); }},
    {"terminating", a_boolean, [](const DeclaredPort& it) { return Json(it.terminating); }},
    {"source", a_string, [](const DeclaredPort& it) { return Json(it.source); }},
};

Json declared_json(const DeclaredPort& declared) {
  return object_of<DeclaredPort>(kDeclaredFields, declared);
}

constexpr JsonField<Process> kProcessFields[]{
    {"pid", an_integer, [](const Process& it) { return Json(it.pid); }},
    {"comm", a_string, [](const Process& it) { return Json(it.comm); }},
};

bool has_process(const Owner& owner) {
  return !owner.processes.empty();
}

constexpr JsonField<Holder> kHolderFields[]{
    {"kind", a_holder_kind, [](const Holder& it) { return Json(to_string(it.owner.kind)); }},
    {"name", a_string, [](const Holder& it) { return Json(it.name); }},
    {"pid", or_nothing<an_integer>,
     [](const Holder& it) {
       return Json(has_process(it.owner) ? Json(it.owner.processes.front().pid) : Json(nullptr));
     }},
    {"comm", a_string,
     [](const Holder& it) {
       return Json(has_process(it.owner) ? it.owner.processes.front().comm : "");
     }},
    {"exe", a_string, [](const Holder& it) { return Json(it.owner.exe); }},
    {"processes", list_of<ref<"Process">>,
     [](const Holder& it) {
       return Json(json_array(it.owner.processes, [](const Process& process) {
         return object_of<Process>(kProcessFields, process);
       }));
     }},
    {"unit", a_string, [](const Holder& it) { return Json(it.owner.unit); }},
    {"unit_service", a_string, [](const Holder& it) { return Json(it.owner.unit_service); },
     "of a .socket unit: its service"},
    {"cgroup", a_string, [](const Holder& it) { return Json(it.owner.cgroup); }},
    {"uid", or_nothing<an_integer>, [](const Holder& it) { return Json(or_null(known_uid(it))); },
     "0 is root"},
    {"namespace", a_string, [](const Holder& it) { return Json(it.namespace_); }},
    {"pod", a_string, [](const Holder& it) { return Json(it.pod); }},
    {"container_id", a_string, [](const Holder& it) { return Json(it.owner.container_id); }},
    {"state", a_string, [](const Holder& it) { return Json(state_words(it)); }},
    {"local_address", a_string, [](const Holder& it) { return Json(local_words(it)); }},
    {"local_port", or_nothing<a_port>,
     [](const Holder& it) {
       return Json(it.socket.local_port == 0 ? Json(nullptr) : Json(it.socket.local_port));
     }},
    {"device", a_string, [](const Holder& it) { return Json(it.device); }},
    {"v6only", or_nothing<a_boolean>,
     [](const Holder& it) { return Json(or_null(it.socket.v6only)); }},
    {"peer", a_string,
     [](const Holder& it) {
       return Json(it.socket.peer_port == 0 ? ""
                                            : endpoint_words(it.socket.peer, it.socket.peer_port));
     }},
    {"expires_ms", or_nothing<an_integer>,
     [](const Holder& it) { return Json(or_null(it.socket.expires_ms)); }},
    {"inode", or_nothing<an_integer>,
     [](const Holder& it) {
       return Json(it.socket.inode == 0 ? Json(nullptr) : Json(it.socket.inode));
     }},
    {"rule", a_string, [](const Holder& it) { return Json(it.rule); },
     "of nat_rule: the rule as a person would write it"},
};

Json holder_json(const Holder& holder) {
  return object_of<Holder>(kHolderFields, holder);
}

constexpr JsonField<Observed> kObservedFields[]{
    {"first", a_time, [](const Observed& it) { return Json(rfc3339(it.first)); }},
    {"last", a_time, [](const Observed& it) { return Json(rfc3339(it.last)); }},
    {"count", an_integer, [](const Observed& it) { return Json(it.count); }},
    {"errno", a_string, [](const Observed& it) { return Json(it.error); }},
    {"pid", or_nothing<an_integer>, [](const Observed& it) { return Json(or_null(it.pid)); }},
    {"comm", a_string, [](const Observed& it) { return Json(it.comm); }},
};

constexpr JsonField<Finding> kFindingFields[]{
    {"id", a_string, [](const Finding& it) { return Json(it.id); },
     "stable while the finding lasts and when it returns"},
    {"class", a_class, [](const Finding& it) { return Json(to_string(class_of(it.verdict))); }},
    {"verdict", a_verdict, [](const Finding& it) { return Json(to_string(it.verdict)); }},
    {"severity", a_severity, [](const Finding& it) { return Json(to_string(it.severity)); }},
    {"protocol", or_nothing<a_protocol>,
     [](const Finding& it) {
       return Json(it.protocol ? Json(to_string(*it.protocol)) : Json(nullptr));
     }},
    {"port", or_nothing<a_port>, [](const Finding& it) { return Json(or_null(it.port)); }},
    {"host_ip", a_string, [](const Finding& it) { return Json(it.host_ip); }},
    {"since", or_nothing<a_time>, [](const Finding& it) { return Json(time_or_null(it.since)); },
     "null of a single scan"},
    {"stale", a_boolean, [](const Finding& it) { return Json(it.stale); }},
    {"ignored", a_boolean, [](const Finding& it) { return Json(it.ignored); }},
    {"ignored_because", a_string,
     [](const Finding& it) {
       return Json(it.ignored ? Json(it.ignored_because) : Json(Json::value_t::discarded));
     },
     "of ignored findings only", true},
    {"declared_by", list_of<ref<"DeclaredPort">>,
     [](const Finding& it) { return Json(json_array(it.declared_by, declared_json)); }},
    {"held_by", list_of<ref<"Holder">>,
     [](const Finding& it) { return Json(json_array(it.held_by, holder_json)); }},
    {"observed", or_nothing<ref<"Observed">>,
     [](const Finding& it) {
       return Json(it.observed ? object_of<Observed>(kObservedFields, *it.observed)
                               : Json(nullptr));
     },
     "a bind() that was seen to fail"},
    {"explanation", a_string, [](const Finding& it) { return Json(it.explanation); }},
    {"remedy", a_string, [](const Finding& it) { return Json(it.remedy); }},
};

Json finding_json(const Finding& finding) {
  return object_of<Finding>(kFindingFields, finding);
}

bool has_pid(const Owner& binder) {
  return has_process(binder) && binder.processes.front().pid > 0;
}

constexpr JsonField<RefusedBind> kRefusedFields[]{
    {"first", a_time, [](const RefusedBind& it) { return Json(rfc3339(it.first)); }},
    {"last", a_time, [](const RefusedBind& it) { return Json(rfc3339(it.last)); }},
    {"count", an_integer, [](const RefusedBind& it) { return Json(it.times); }},
    {"protocol", a_protocol, [](const RefusedBind& it) { return Json(to_string(it.protocol)); }},
    {"port", a_port, [](const RefusedBind& it) { return Json(it.port); }},
    {"address", a_string, [](const RefusedBind& it) { return Json(it.address.to_string()); }},
    {"errno", a_string, [](const RefusedBind& it) { return Json(it.error); }},
    {"kind", a_holder_kind, [](const RefusedBind& it) { return Json(to_string(it.binder.kind)); }},
    {"pid", or_nothing<an_integer>,
     [](const RefusedBind& it) {
       return Json(has_pid(it.binder) ? Json(it.binder.processes.front().pid) : Json(nullptr));
     }},
    {"comm", a_string,
     [](const RefusedBind& it) {
       return Json(has_process(it.binder) ? it.binder.processes.front().comm : "");
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

constexpr JsonField<Problem> kProblemFields[]{
    {"code", a_string, [](const Problem& it) { return Json(it.code); }},
    {"message", a_string, [](const Problem& it) { return Json(it.message); }},
    {"remedy", a_string, [](const Problem& it) { return Json(it.remedy); }},
};

// What every answer about a scan begins with.
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
    {"protocol", a_protocol,
     [](const FoldedSockets& it) { return Json(to_string(it.example.socket.protocol)); }},
    {"count", an_integer, [](const FoldedSockets& it) { return Json(it.places.size()); }},
    {"first_port", a_port, [](const FoldedSockets& it) { return Json(it.places.front().port); }},
    {"last_port", a_port, [](const FoldedSockets& it) { return Json(it.places.back().port); }},
    {"holder", ref<"Holder">,
     [](const FoldedSockets& it) { return Json(holder_json(it.example)); }},
};

// Sockets that are counted instead of told one by one.
Json folded_json(const Report& report) {
  if (!report.table) return Json::array();
  return json_array(report.table->folded, [](const FoldedSockets& group) {
    return object_of<FoldedSockets>(kFoldedFields, group);
  });
}

constexpr JsonField<HostPort> kPortFields[]{
    {"protocol", a_protocol, [](const HostPort& it) { return Json(to_string(it.protocol)); }},
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

constexpr JsonField<NatRule> kFilterFields[]{
    {"owner", a_string, [](const NatRule& it) { return Json(to_string(it.owner)); },
     "kube_proxy, ufw, firewalld… or other"},
    {"service", a_string, [](const NatRule& it) { return Json(it.service); },
     "of kube_proxy: the Service without endpoints"},
    {"effect", [] { return one_of_words({"reject", "drop"}); },
     [](const NatRule& it) { return Json(it.effect == NatEffect::reject ? "reject" : "drop"); }},
    {"rule", a_string, [](const NatRule& it) { return Json(it.text); }},
};

constexpr JsonField<CheckAnswer> kCheckFields[]{
    {"protocol", a_protocol, [](const CheckAnswer& it) { return Json(to_string(it.protocol)); }},
    {"port", a_port, [](const CheckAnswer& it) { return Json(it.port); }},
    {"address", a_string, [](const CheckAnswer& it) { return Json(it.address.to_string()); }},
    {"verdict", a_check_verdict, [](const CheckAnswer& it) { return Json(to_string(it.verdict)); }},
    {"bindable", or_nothing<a_boolean>,
     [](const CheckAnswer& it) { return Json(or_null(it.bindable)); },
     "null only where the kernel does not tell"},
    {"holders", list_of<ref<"Holder">>,
     [](const CheckAnswer& it) { return Json(json_array(it.holders, holder_json)); }},
    {"filtered_by", list_of<ref<"Filter">>,
     [](const CheckAnswer& it) {
       return Json(json_array(it.filtered_by, [](const auto& rule) {
         return object_of<NatRule>(kFilterFields, *rule);
       }));
     },
     "packet filters that end what arrives from outside"},
    {"declared_by", list_of<ref<"DeclaredPort">>,
     [](const CheckAnswer& it) { return Json(json_array(it.declared_by, declared_json)); }},
    {"risks", list_of<a_verdict>,
     [](const CheckAnswer& it) { return Json(json_array(it.risks, verdict_json)); }},
    {"explanation", a_string, [](const CheckAnswer& it) { return Json(it.explanation); }},
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

std::string check_json(const CheckAnswer& answer) {
  return one_line(object_of<CheckAnswer>(kCheckFields, answer));
}

std::string error_json(int status, std::string_view message) {
  return one_line({{"error", object_of<ApiError>(kErrorFields, {status, message})}});
}

void add_report_schemas(Json& schemas) {
  schemas["Problem"] = schema_of<Problem>(kProblemFields);
  schemas["DeclaredPort"] = schema_of<DeclaredPort>(kDeclaredFields);
  schemas["Process"] = schema_of<Process>(kProcessFields);
  schemas["Filter"] = schema_of<NatRule>(kFilterFields);
  schemas["Holder"] = schema_of<Holder>(kHolderFields);
  schemas["Observed"] = schema_of<Observed>(kObservedFields);
  schemas["Finding"] = schema_of<Finding>(kFindingFields);
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
  schemas["Check"] = schema_of<CheckAnswer>(kCheckFields);
  schemas["Error"] = Json{{"type", "object"},
                          {"required", {"error"}},
                          {"properties", {{"error", schema_of<ApiError>(kErrorFields)}}}};
}

}  // namespace hostnet
