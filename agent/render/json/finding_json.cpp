#include "agent/render/json/finding_json.h"

#include "agent/pods/port_modes.h"
#include "agent/ports/holder_kinds.h"
#include "agent/ports/protocols.h"
#include "agent/render/words.h"
#include "agent/verdicts/severities.h"

namespace hostnet {
namespace {

bool has_process(const Owner& owner) {
  return !owner.processes.empty();
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
    {"container_type", one_of<kContainerTypes>,
     [](const DeclaredPort& it) { return Json(to_string(it.container_type)); }},
    {"mode", one_of<kPortModes>, [](const DeclaredPort& it) { return Json(to_string(it.mode)); }},
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

constexpr JsonField<Process> kProcessFields[]{
    {"pid", an_integer, [](const Process& it) { return Json(it.pid); }},
    {"comm", a_string, [](const Process& it) { return Json(it.comm); }},
};

constexpr JsonField<Holder> kHolderFields[]{
    {"kind", one_of<kHolderKinds>, [](const Holder& it) { return Json(to_string(it.owner.kind)); }},
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
    {"class", one_of<kFindingClasses>,
     [](const Finding& it) { return Json(to_string(class_of(it.verdict))); }},
    {"verdict", a_verdict, [](const Finding& it) { return Json(to_string(it.verdict)); }},
    {"severity", one_of<kSeverities>,
     [](const Finding& it) { return Json(to_string(it.severity)); }},
    {"protocol", or_nothing<one_of<kProtocols>>,
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

constexpr JsonField<Problem> kProblemFields[]{
    {"code", a_string, [](const Problem& it) { return Json(it.code); }},
    {"message", a_string, [](const Problem& it) { return Json(it.message); }},
    {"remedy", a_string, [](const Problem& it) { return Json(it.remedy); }},
};

}  // namespace

Json verdict_json(Verdict verdict) {
  return Json(to_string(verdict));
}

Json a_verdict() {
  return one_of_words(kVerdicts | std::views::transform(&VerdictInfo::name));
}

Json declared_json(const DeclaredPort& declared) {
  return object_of<DeclaredPort>(kDeclaredFields, declared);
}

Json holder_json(const Holder& holder) {
  return object_of<Holder>(kHolderFields, holder);
}

Json finding_json(const Finding& finding) {
  return object_of<Finding>(kFindingFields, finding);
}

Json problem_json(const Problem& problem) {
  return object_of<Problem>(kProblemFields, problem);
}

void add_finding_schemas(Json& schemas) {
  schemas["Problem"] = schema_of<Problem>(kProblemFields);
  schemas["DeclaredPort"] = schema_of<DeclaredPort>(kDeclaredFields);
  schemas["Process"] = schema_of<Process>(kProcessFields);
  schemas["Holder"] = schema_of<Holder>(kHolderFields);
  schemas["Observed"] = schema_of<Observed>(kObservedFields);
  schemas["Finding"] = schema_of<Finding>(kFindingFields);
}

}  // namespace hostnet
