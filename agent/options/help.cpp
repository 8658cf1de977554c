#include "agent/options/help.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hostnet {
namespace {

// Lists the commands before the many flags.
class CommandsFirst final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return make_description(app) + make_usage(app, std::move(name)) + make_positionals(app) +
           make_subcommands(app, mode) + make_groups(app, mode) + "\n" +
           "hostnet-agent COMMAND --help shows a command's own options.\n";
  }
};

// Whether the flag selects what a single scan reads.
bool concerns_a_scan(const std::string& flag) {
  constexpr std::array<std::string_view, 5> kPrefixes{"--path.", "--pods.", "--replay", "--config.",
                                                      "--from"};
  return std::ranges::any_of(kPrefixes,
                             [&](std::string_view prefix) { return flag.starts_with(prefix); });
}

bool concerns_no_flag(const std::string& command) {
  return command == "completion" || command == "version" || command == "help" ||
         command == "healthcheck" || command == "fleet";
}

void hide_what_does_not_concern(const std::string& command, CLI::App& app) {
  if (command == "serve") return;
  for (CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (concerns_no_flag(command) || !concerns_a_scan(name)) option->group("");
  }
}

}  // namespace

std::string help_text(CLI::App& app, const CLI::App* sub) {
  if (sub == nullptr) {
    return CommandsFirst().make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
  }
  hide_what_does_not_concern(sub->get_name(), app);
  const CLI::Formatter formatter;
  return formatter.make_help(sub, "hostnet-agent " + sub->get_name(), CLI::AppFormatMode::Normal) +
         formatter.make_groups(&app, CLI::AppFormatMode::Normal);
}

}  // namespace hostnet
