#include "agent/render/manifest_check.h"

#include <fmt/format.h>

#include "agent/render/json.h"
#include "agent/render/json_parts.h"
#include "agent/render/table/table.h"
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

std::string remedy_of(const ManifestCheck::Port& port) {
  switch (port.answer->verdict) {
    case CheckVerdict::no_such_address: return "write an address of this node, or leave hostIP out";
    case CheckVerdict::filtered:
      return "open the port in the node's firewall where it is to be reached";
    case CheckVerdict::unknown: return "find out what cannot be seen: hostnet-agent doctor";
    default:
      return fmt::format("choose another port; who has it: hostnet-agent ports {}",
                         port_words_of(port));
  }
}

std::string text_of_check(const ManifestCheck& check, const TextStyle& style) {
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
    if (!port.answer) continue;
    if (port.answer->verdict == CheckVerdict::free) {
      ++bindable;
      continue;
    }
    table.add({place(port.file, port.line), std::string(to_string(severity_of(*port.answer))),
               std::string(to_string(port.answer->verdict)), port_words_of(port),
               declared_words(port.declared), port.answer->explanation, remedy_of(port)});
  }
  const SeverityCounts counts = count_severities(check);
  const std::string declared = counted(check.ports.size(), "declared port", "declared ports");
  return (table.empty() ? "" : table.text(style)) +
         fmt::format("{} critical, {}, {} info; {}\n", counts.critical,
                     counted(counts.warning, "warning", "warnings"), counts.info,
                     check.offline ? declared + ", this node was not scanned"
                                   : fmt::format("{} of {} free on this node", bindable, declared));
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
    entry["check"] = port.answer ? Json::parse(check_json(*port.answer)) : Json(nullptr);
    const bool quiet = !port.answer || port.answer->verdict == CheckVerdict::free;
    entry["remedy"] = quiet ? "" : remedy_of(port);
    json["ports"].push_back(std::move(entry));
  }
  return json_text(json) + "\n";
}

}  // namespace

Severity severity_of(const CheckAnswer& answer) {
  switch (answer.verdict) {
    case CheckVerdict::free:
    case CheckVerdict::filtered:
    case CheckVerdict::unknown: return Severity::info;
    case CheckVerdict::diverted: return Severity::warning;
    case CheckVerdict::in_use:
    case CheckVerdict::no_such_address: return Severity::critical;
  }
  return Severity::info;
}

SeverityCounts count_severities(const ManifestCheck& check) {
  SeverityCounts counts{.critical = check.errors.size()};
  const auto count = [&](Severity severity) {
    switch (severity) {
      case Severity::critical: ++counts.critical; break;
      case Severity::warning: ++counts.warning; break;
      case Severity::info: ++counts.info; break;
    }
  };
  for (const Lint& lint : check.lints) count(lint.severity);
  for (const ManifestCheck::Port& port : check.ports) {
    if (port.answer && port.answer->verdict != CheckVerdict::free) {
      count(severity_of(*port.answer));
    }
  }
  return counts;
}

std::string render_manifest_check(const Output& output, const ManifestCheck& check) {
  return output.format == OutputFormat::json ? json_of_check(check)
                                             : text_of_check(check, output.style);
}

}  // namespace hostnet
