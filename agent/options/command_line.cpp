#include "agent/options/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "agent/http/listen.h"
#include "agent/options/apply_flags.h"
#include "agent/options/completion.h"
#include "agent/options/flag_values.h"
#include "agent/options/flags.h"
#include "agent/options/help.h"
#include "agent/options/subcommands.h"
#include "agent/serve/routes.h"
#include "netlink/base/nearest.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

std::string single_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

// Registers the flags with CLI11, which stores the parsed values in `given`.
void add_flags(CLI::App& app, FlagValues::Texts& given) {
  for (const Flag& flag : all_flags()) {
    std::string help = flag.help;
    if (!flag.choices.empty()) help += fmt::format(" ({})", fmt::join(flag.choices, ", "));
    if (!flag.default_value.empty()) help += fmt::format(" [{}]", flag.default_value);
    const std::string group =
        flag.name.starts_with("collector.") ? "Collectors" : "Flags (--no- switches one off)";
    if (flag.kind == Flag::Kind::boolean) {
      app.add_flag_callback(
             "--" + flag.name, [&given, name = flag.name] { given[name] = {"true"}; }, help)
          ->group(group);
      app.add_flag_callback("--no-" + flag.name,
                            [&given, name = flag.name] { given[name] = {"false"}; })
          ->group("");
      continue;
    }
    CLI::Option* option = app.add_option("--" + flag.name, given[flag.name], help)->group(group);
    option->allow_extra_args(false)->option_text("VALUE");
    if (flag.kind != Flag::Kind::texts) {
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
}

// The call that shows the help: of the command that was given, if any.
std::string help_call(const CLI::App& app) {
  const auto subs = app.get_subcommands();
  return subs.empty() ? "--help" : fmt::format("hostnet-agent {} --help", subs.front()->get_name());
}

std::string hint(std::string_view word, std::span<const std::string_view> candidates,
                 const CLI::App& app) {
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? ", try " + help_call(app) : fmt::format(", did you mean {}?", meant);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

UsageError unknown_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string_view> names;
  for (const Subcommand& subcommand : all_subcommands()) names.emplace_back(subcommand.name);
  return {fmt::format("unknown command '{}'{}", word, hint(word, names, app))};
}

UsageError unexpected_argument(const CLI::App& app, const std::string& argument) {
  if (!argument.starts_with("-")) {
    if (app.get_subcommands().empty()) return unknown_command(app, argument);
    return {fmt::format("unexpected argument '{}', try {}", argument, help_call(app))};
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names = option_names(app);
  for (const CLI::App* sub : app.get_subcommands({})) {
    std::ranges::move(option_names(*sub), std::back_inserter(names));
  }
  if (contains(names, name)) {
    return {fmt::format("{} is a flag of another command, try {}", name, help_call(app))};
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return {fmt::format("unknown flag {}{}", name, hint(name, candidates, app))};
}

// The output of version, help and completion.
std::expected<void, UsageError> write_about(CLI::App& app, const Words& words, CommandLine& line) {
  if (line.command == Command::version) return apply_words(words, line.command, line.options);
  if (line.command == Command::completion) {
    line.text = completion_script(words.about, app);
    if (line.text.empty()) {
      return usage(
          words.about.empty()
              ? "completion: give a shell: bash, zsh or fish"
              : fmt::format("completion: '{}' is not one of bash, zsh, fish", words.about));
    }
  }
  if (line.command == Command::help) {
    const auto subs =
        app.get_subcommands([&](const CLI::App* sub) { return sub->get_name() == words.about; });
    if (!words.about.empty() && subs.empty()) {
      return std::unexpected(unknown_command(app, words.about));
    }
    line.text = help_text(app, subs.empty() ? nullptr : subs.front());
  }
  return {};
}

std::expected<void, UsageError> check_serve(const ServeOptions& serve) {
  if (serve.web.listen.empty()) return usage("--web.listen-address: there is none");
  for (const std::string& text : serve.web.listen) {
    if (auto address = parse_listen_address(text); !address) return usage(address.error().message);
  }
  const bool on_a_socket = std::ranges::any_of(
      serve.web.listen, [](const std::string& text) { return text.starts_with("unix:"); });
  if (serve.web.details == Details::socket && !on_a_socket) {
    return usage("--web.details=socket: give a --web.listen-address=unix:PATH too");
  }
  if (serve.web.details == Details::token && serve.web.details_token_file.empty()) {
    return usage("--web.details=token: give a --web.details-token-file");
  }
  if (const auto why = why_no_telemetry_path(serve.telemetry_path)) {
    return usage(fmt::format("--web.telemetry-path: '{}' {}", serve.telemetry_path, *why));
  }
  return {};
}

// Copies flags and words into the options of each module.
std::expected<void, UsageError> apply(const FlagValues::Texts& parsed,
                                      const std::function<const char*(const char*)>& environment,
                                      const Words& words, CommandLine& line) {
  const auto values = FlagValues::merge(parsed, environment);
  if (!values) return usage(values.error());
  apply_flags(*values, environment, parsed, line);
  if (line.options.from == AnswerFrom::agent && says_what_to_scan(parsed)) {
    return usage("--from=agent: the agent has its own --path, --pods, --replay and --config flags");
  }
  if (auto done = check_serve(line.serve); !done) return done;
  if (auto done = apply_words(words, line.command, line.options); !done) return done;
  if (line.command == Command::fleet) {
    if (auto done = apply_fleet_words(words, line.options, line.fleet); !done) return done;
  }
  if (line.command == Command::serve && line.serve.reserve_ports &&
      !line.serve.sources.node.replay.empty()) {
    return usage("--fix.reserve-ports changes this machine, --replay is not about this machine");
  }
  return {};
}

Command command_of(const CLI::App& app) {
  for (const Subcommand& subcommand : all_subcommands()) {
    if (app.got_subcommand(subcommand.name)) return subcommand.command;
  }
  return CommandLine{}.command;
}

}  // namespace

std::expected<CommandLine, UsageError> parse_command_line(
    std::span<const std::string> arguments,
    const std::function<const char*(const char*)>& environment) {
  Words words;
  CLI::App app("Finds host ports declared by pods that something else is using.", "hostnet-agent");
  app.allow_extras();
  app.require_subcommand(0, 1);
  app.add_flag("--version", words.version, "print the version");
  FlagValues::Texts parsed;
  add_flags(app, parsed);
  add_subcommands(app, words);

  CommandLine line;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const auto subs = app.get_subcommands();
    line.command = Command::help;
    line.text = help_text(app, subs.empty() ? nullptr : subs.front());
    return line;
  } catch (const CLI::ParseError& error) {
    return usage(single_line(error.what()));
  }
  for (const std::string& left : take_files(app.remaining(true), words)) {
    return std::unexpected(unexpected_argument(app, left));
  }
  if (words.version) {
    line.command = Command::version;
    return line;
  }

  line.command = command_of(app);
  const bool about = line.command == Command::help || line.command == Command::completion ||
                     line.command == Command::version;
  const auto done = about ? write_about(app, words, line) : apply(parsed, environment, words, line);
  if (!done) return std::unexpected(done.error());
  return line;
}

std::vector<std::string> with_default_command(std::string_view program,
                                              std::vector<std::string> arguments) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  const bool plugin = name == "kubectl-hostnet";
  const bool bare = arguments.empty() || arguments.front().starts_with('-');
  if (plugin && bare) arguments.insert(arguments.begin(), "fleet");
  return arguments;
}

}  // namespace hostnet
