#include "agent/render/manifest_check.h"

#include <fmt/format.h>

#include "agent/render/json.h"
#include "agent/render/json_parts.h"
#include "agent/render/table.h"
#include "agent/render/words.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string place(const std::string& file, unsigned line) {
  return line == 0 ? file : fmt::format("{}:{}", file, line);
}

std::string port_words_of(const ManifestCheck::Port& port) {
  return port_words(port.declared.port, port.declared.protocol);
}

std::string text_of_check(const ManifestCheck& check) {
  TextTable table({"WHERE", "SEVERITY", "WHAT", "PORT", "DECLARED BY", "WHY", "WHAT TO DO"});
  for (const ManifestError& error : check.errors) {
    table.add({place(error.file, error.line), "critical", "malformed", "", "", error.message,
               "correct the manifest"});
  }
  for (const Lint& lint : check.lints) {
    const std::string pod = fmt::format("{}/{}", lint.namespace_, lint.pod);
    table.add({place(lint.file, lint.line), std::string(to_string(lint.severity)), lint.code,
               port_words(lint.port, lint.port ? lint.protocol : std::nullopt),
               lint.container.empty() ? pod : fmt::format("{} ({})", pod, lint.container),
               lint.message, lint.remedy});
  }
  std::size_t bindable = 0;
  for (const ManifestCheck::Port& port : check.ports) {
    if (port.answer.verdict == CheckVerdict::free) {
      ++bindable;
      continue;
    }
    table.add({port.origin, std::string(to_string(severity_of(port.answer))),
               std::string(to_string(port.answer.verdict)), port_words_of(port),
               declared_words(port.declared), port.answer.explanation, ""});
  }
  std::string text = table.empty() ? "" : table.text();
  text += fmt::format("{}, {}", counted(check.errors.size(), "error", "errors"),
                      counted(check.lints.size(), "remark", "remarks"));
  text += check.offline
              ? "; this node was not scanned\n"
              : fmt::format("; {} of {} free on this node\n", bindable,
                            counted(check.ports.size(), "declared port", "declared ports"));
  return text;
}

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

std::string json_of_check(const ManifestCheck& check) {
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
    Json entry{{"origin", port.origin},
               {"namespace", port.declared.namespace_},
               {"pod", port.declared.pod},
               {"container", port.declared.container},
               {"severity", to_string(severity_of(port.answer))}};
    entry["check"] = Json::parse(check_json(port.answer));
    json["ports"].push_back(std::move(entry));
  }
  return json_text(json) + "\n";
}

}  // namespace

Severity severity_of(const CheckAnswer& answer) {
  switch (answer.verdict) {
    case CheckVerdict::free:
    case CheckVerdict::unknown: return Severity::info;
    case CheckVerdict::diverted: return Severity::warning;
    case CheckVerdict::in_use:
    case CheckVerdict::no_such_address: return Severity::critical;
  }
  return Severity::info;
}

std::string render_manifest_check(OutputFormat form, const ManifestCheck& check) {
  return form == OutputFormat::json ? json_of_check(check) : text_of_check(check);
}

}  // namespace hostnet
