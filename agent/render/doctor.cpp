#include "agent/render/doctor.h"

#include "agent/render/json_parts.h"
#include "agent/render/table/table.h"
#include "netlink/base/escape.h"

namespace hostnet {
namespace {

std::string_view level_words(PreflightCheck::Level level) {
  switch (level) {
    case PreflightCheck::Level::good: return "ok";
    case PreflightCheck::Level::note: return "note";
    case PreflightCheck::Level::limited: return "limited";
    case PreflightCheck::Level::bad: return "bad";
  }
  return "bad";
}

TextTable table_of(std::span<const PreflightCheck> checks) {
  TextTable table({"CHECK", "IS", "FOUND", "FIX"});
  for (const PreflightCheck& check : checks) {
    table.add({check.name, std::string(level_words(check.level)), check.found, check.fix});
  }
  return table;
}

// Passed checks at a glance, then each of the others with room for its sentences.
std::string for_terminals(std::span<const PreflightCheck> checks, const TextStyle& style) {
  TextTable well({"CHECK", "IS", "FOUND"});
  std::vector<PreflightCheck> others;
  for (const PreflightCheck& check : checks) {
    if (check.level == PreflightCheck::Level::good) {
      well.add({check.name, std::string(level_words(check.level)), check.found});
    } else {
      others.push_back(check);
    }
  }
  std::string text = well.empty() ? "" : well.text(style);
  for (const PreflightCheck& check : others) {
    text += "\n" + table_of({&check, 1}).blocks(style);
  }
  return text;
}

}  // namespace

std::string render_doctor(const Output& output, std::span<const PreflightCheck> checks) {
  if (output.format == OutputFormat::json) {
    Json json{{"api_version", kApiVersion}, {"checks", Json::array()}};
    for (const PreflightCheck& check : checks) {
      json["checks"].push_back({{"name", check.name},
                                {"level", level_words(check.level)},
                                {"found", check.found},
                                {"fix", check.fix}});
    }
    return json_text(json) + "\n";
  }
  const bool terminal = output.style.width > 0 && !output.style.wide;
  return terminal ? for_terminals(checks, output.style) : table_of(checks).text(output.style);
}

}  // namespace hostnet
