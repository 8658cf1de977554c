#include "agent/render/doctor.h"

#include "agent/render/json_parts.h"
#include "agent/render/table.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string_view level_words(PreflightCheck::Level level) {
  switch (level) {
    case PreflightCheck::Level::good: return "ok";
    case PreflightCheck::Level::limited: return "limited";
    case PreflightCheck::Level::bad: return "bad";
  }
  return "bad";
}

}  // namespace

std::string render_doctor(OutputFormat form, std::span<const PreflightCheck> checks) {
  if (form == OutputFormat::json) {
    Json json{{"api_version", kApiVersion}, {"checks", Json::array()}};
    for (const PreflightCheck& check : checks) {
      json["checks"].push_back({{"name", check.name},
                                {"level", level_words(check.level)},
                                {"found", check.found},
                                {"fix", check.fix}});
    }
    return json_text(json) + "\n";
  }
  TextTable table({"CHECK", "IS", "FOUND", "FIX"});
  for (const PreflightCheck& check : checks) {
    table.add({check.name, std::string(level_words(check.level)), check.found, check.fix});
  }
  return table.text();
}

}  // namespace hostnet
