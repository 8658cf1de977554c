#include "agent/report/doctor.h"

#include <nlohmann/json.hpp>

#include "agent/report/escape.h"
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
    nlohmann::ordered_json json{{"api_version", "v1"}, {"checks", nlohmann::ordered_json::array()}};
    for (const FootingCheck& check : checks) {
      json["checks"].push_back({{"name", check.name},
                                {"level", level_words(check.level)},
                                {"found", valid_utf8(check.found)},
                                {"fix", valid_utf8(check.fix)}});
    }
    return json.dump() + "\n";
  }
  TextTable table({"CHECK", "IS", "FOUND", "FIX"});
  for (const FootingCheck& check : checks) {
    table.add({check.name, std::string(level_words(check.level)), check.found, check.fix});
  }
  return table.text();
}

}  // namespace hostnet
