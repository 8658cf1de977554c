#include "agent/report/lints.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/report/escape.h"
#include "agent/report/table.h"
#include "agent/report/words.h"

namespace hostnet {
namespace {

std::string lint_place(const Lint& lint) {
  return lint.line == 0 ? lint.file : fmt::format("{}:{}", lint.file, lint.line);
}

std::string lint_subject(const Lint& lint) {
  auto subject = lint.workload.empty() ? lint.pod : lint.workload;
  if (!lint.namespace_.empty() && !subject.empty()) subject.insert(0, lint.namespace_ + "/");
  if (!lint.container.empty()) subject += " (" + lint.container + ")";
  return subject;
}

nlohmann::ordered_json lint_json(const Lint& lint) {
  using Json = nlohmann::ordered_json;
  return Json{{"code", lint.code},
              {"severity", to_string(lint.severity)},
              {"file", lint.file},
              {"document", lint.document},
              {"line", lint.line == 0 ? Json(nullptr) : Json(lint.line)},
              {"namespace", lint.namespace_},
              {"pod", lint.pod},
              {"workload", lint.workload},
              {"container", lint.container},
              {"protocol", lint.protocol ? Json(to_string(*lint.protocol)) : Json(nullptr)},
              {"port", lint.port ? Json(*lint.port) : Json(nullptr)},
              {"message", lint.message},
              {"remedy", lint.remedy}};
}

}  // namespace

std::string lints_text(std::span<const Lint> lints, std::span<const std::string> errors) {
  TextTable table({"WHERE", "SEVERITY", "LINT", "POD", "PORT", "WHAT", "WHAT TO DO"});
  for (const auto& lint : lints) {
    table.add({lint_place(lint), std::string(to_string(lint.severity)), lint.code,
               lint_subject(lint), port_words(lint.port, lint.protocol), lint.message,
               lint.remedy});
  }
  auto text = table.text();
  for (const auto& error : errors) text += terminal_text(error) + "\n";
  const auto of = [lints](Severity severity) {
    return static_cast<std::size_t>(std::ranges::count(lints, severity, &Lint::severity));
  };
  text += fmt::format("{} critical, {}, {} info", of(Severity::critical),
                      counted(of(Severity::warning), "warning", "warnings"), of(Severity::info));
  if (!errors.empty()) {
    text += "; " + counted(errors.size(), "manifest", "manifests") + " could not be read";
  }
  return text + "\n";
}

std::string lints_json(std::span<const Lint> lints, std::span<const std::string> errors) {
  using Json = nlohmann::ordered_json;
  Json json{{"api_version", "v1"}, {"errors", Json::array()}, {"lints", Json::array()}};
  for (const auto& error : errors) json["errors"].push_back(error);
  for (const auto& lint : lints) json["lints"].push_back(lint_json(lint));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string render_lints(Form form, std::span<const Lint> lints,
                         std::span<const std::string> errors) {
  return form == Form::json ? lints_json(lints, errors) : lints_text(lints, errors);
}

}  // namespace hostnet
