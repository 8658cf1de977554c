#include "agent/report/doctor.h"

#include "agent/report/escape.h"
#include "agent/report/json_parts.h"
#include "agent/report/table.h"

namespace hostnet {
namespace {

std::string_view level_words(FootingCheck::Level level) {
  switch (level) {
    case FootingCheck::Level::good: return "ok";
    case FootingCheck::Level::limited: return "limited";
    case FootingCheck::Level::bad: return "bad";
  }
  return "bad";
}

}  // namespace

std::string render_doctor(Form form, std::span<const FootingCheck> checks) {
  if (form == Form::json) {
    Json json{{"api_version", kApiVersion}, {"checks", Json::array()}};
    for (const FootingCheck& check : checks) {
      json["checks"].push_back({{"name", check.name},
                                {"level", level_words(check.level)},
                                {"found", check.found},
                                {"fix", check.fix}});
    }
    return json_text(json) + "\n";
  }
  TextTable table({"CHECK", "IS", "FOUND", "FIX"});
  for (const FootingCheck& check : checks) {
    table.add({check.name, std::string(level_words(check.level)), check.found, check.fix});
  }
  return table.text();
}

}  // namespace hostnet
