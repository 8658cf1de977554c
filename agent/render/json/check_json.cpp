#include "agent/render/json/check_json.h"

#include <fmt/format.h>

#include "agent/ports/protocols.h"
#include "agent/render/json/finding_json.h"
#include "agent/render/words.h"

namespace hostnet {
namespace {

Json a_check_verdict() {
  Json type{{"type", "string"}, {"enum", Json::array()}};
  for (const CheckVerdict verdict : kCheckVerdicts) type["enum"].push_back(to_string(verdict));
  return type;
}

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
    {"protocol", one_of<kProtocols>,
     [](const CheckAnswer& it) { return Json(to_string(it.protocol)); }},
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

Json json_of_lint(const Lint& lint) {
  Json json{{"code", lint.code},
            {"severity", to_string(lint.severity)},
            {"file", lint.file},
            {"document", lint.document},
            {"line", lint.line},
            {"namespace", lint.namespace_},
            {"pod", lint.pod},
            {"workload", lint.workload},
            {"container", lint.container}};
  json["protocol"] = lint.protocol ? Json(to_string(*lint.protocol)) : Json(nullptr);
  json["port"] = or_null(lint.port);
  json["message"] = lint.message;
  json["remedy"] = lint.remedy;
  return json;
}

Json check_answer_json(const CheckAnswer& answer) {
  return object_of<CheckAnswer>(kCheckFields, answer);
}

}  // namespace

std::string check_json(const CheckAnswer& answer) {
  return one_line(check_answer_json(answer));
}

std::string manifest_check_json(const ManifestCheck& check) {
  Json json{{"api_version", kApiVersion}, {"offline", check.offline}};
  json["errors"] = Json::array();
  for (const ManifestError& error : check.errors) {
    json["errors"].push_back({{"file", error.file},
                              {"document", error.document},
                              {"line", error.line},
                              {"message", error.message}});
  }
  json["lints"] = Json::array();
  for (const Lint& lint : check.lints) json["lints"].push_back(json_of_lint(lint));
  json["ports"] = Json::array();
  for (const ManifestCheck::Port& port : check.ports) {
    Json entry{{"origin", fmt::format("{}: document {}", port.file, port.document)},
               {"file", port.file},
               {"document", port.document},
               {"line", port.line},
               {"namespace", port.declared.namespace_},
               {"pod", port.declared.pod},
               {"workload", port.declared.workload},
               {"container", port.declared.container},
               {"mode", to_string(port.declared.mode)},
               {"protocol", to_string(port.declared.protocol)},
               {"port", port.declared.port},
               {"host_ip", port.declared.host_ip}};
    entry["severity"] = port.answer ? Json(to_string(severity_of(*port.answer))) : Json(nullptr);
    entry["check"] = port.answer ? check_answer_json(*port.answer) : Json(nullptr);
    const bool quiet = !port.answer || port.answer->verdict == CheckVerdict::free;
    entry["remedy"] = quiet ? "" : remedy_of(port);
    json["ports"].push_back(std::move(entry));
  }
  return one_line(json);
}

void add_check_schemas(Json& schemas) {
  schemas["Filter"] = schema_of<NatRule>(kFilterFields);
  schemas["Check"] = schema_of<CheckAnswer>(kCheckFields);
}

}  // namespace hostnet
