#include "agent/options/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "agent/http/listen.h"
#include "agent/options/apply_flags.h"
#include "agent/options/flag_values.h"
#include "agent/options/flags.h"
#include "netlink/base/nearest.h"

namespace hostnet {
namespace {

std::unexpected<UsageError> usage(std::string message) {
  return std::unexpected(UsageError{std::move(message)});
}

// The words of one command, as CLI11 stores them.
struct Words {
  std::string port, address, directory;
  std::vector<std::string> files;
  std::string format{"text"};
  CLI::Option* files_option{};  // -f
  bool v6only{}, offline{}, version{};
};

std::string single_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

// CLI11's idea of the flags; what it parses goes into `given`.
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

struct Subcommand {
  Command command;
  const char* name;
  const char* help;
};
constexpr Subcommand kSubcommands[] = {
    {Command::serve, "serve", "the daemon (the default)"},
    {Command::conflicts, "conflicts", "scan once and print the conflicts"},
    {Command::risks, "risks", "scan once and print the risks"},
    {Command::ports, "ports", "scan once and print who holds and who declares each host port"},
    {Command::check, "check",
     "could a server bind this port here now? or, with -f, the ports that manifests declare"},
    {Command::history, "history", "the findings that came and went, of the running agent"},
    {Command::doctor, "doctor", "check what the agent can see and do on this node"},
    {Command::record, "record", "write what the agent read to a directory, for --replay"},
    {Command::healthcheck, "healthcheck", "ask the running agent's /healthz"},
};

void add_subcommands(CLI::App& app, Words& words) {
  for (const auto& [command, name, help] : kSubcommands) {
    CLI::App* sub = app.add_subcommand(name, help)->fallthrough()->allow_extras();
    if (command == Command::ports || command == Command::check) {
      sub->add_option("PORT", words.port, "port, or port/protocol: 8080, 53/udp")->option_text(" ");
    }
    if (command == Command::check) {
      sub->add_option("--address", words.address, "address a server would bind [::]");
      sub->add_flag("--v6only", words.v6only, ":: without IPv4");
      // Files may come after other flags, too: what is left over is one.
      words.files_option = sub->add_option("-f,--file", words.files,
                                           "manifest files and folders, - for standard input")
                               ->expected(0, CLI::detail::expected_max_vector_size);
      sub->add_flag("--offline", words.offline, "with -f: lint only, do not scan this node");
    }
    if (command == Command::record) {
      sub->add_option("DIR", words.directory, "directory to write; absent or empty")
          ->option_text(" ");
    }
    if (command != Command::serve && command != Command::healthcheck &&
        command != Command::record) {
      sub->add_option("--format", words.format, "text, json");
    }
  }
}

// With check -f every word that is no flag is a file. Returns what is left.
std::vector<std::string> take_files(std::vector<std::string> left, Words& words) {
  if (words.files_option->count() == 0) return left;
  std::erase(words.files, "");  // -f alone
  if (!words.port.empty() && !parse_port(words.port)) {
    words.files.push_back(std::exchange(words.port, {}));
  }
  std::erase_if(left, [&](const std::string& word) {
    const bool file = word == "-" || !word.starts_with('-');
    if (file) words.files.push_back(word);
    return file;
  });
  return left;
}

std::string hint(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view meant = nearest(word, candidates);
  return meant.empty() ? ", try --help" : fmt::format(", did you mean {}?", meant);
}

UsageError unexpected_argument(const std::string& argument) {
  if (!argument.starts_with("-")) {
    std::vector<std::string_view> names;
    for (const Subcommand& subcommand : kSubcommands) names.emplace_back(subcommand.name);
    return {fmt::format("unexpected argument '{}'{}", argument, hint(argument, names))};
  }
  const std::string name = argument.substr(0, argument.find('='));
  std::vector<std::string> names{"--help",   "--version", "--format", "--address",
                                 "--v6only", "--file",    "--offline"};
  for (const Flag& flag : all_flags()) {
    names.push_back("--" + flag.name);
    if (flag.kind == Flag::Kind::boolean) names.push_back("--no-" + flag.name);
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return {fmt::format("unknown flag {}{}", name, hint(name, candidates))};
}

std::expected<void, UsageError> apply_words(const Words& words, Command command,
                                            CommandOptions& options) {
  if (words.format != "text" && words.format != "json") {
    return usage(fmt::format("--format: '{}' is not one of text, json", words.format));
  }
  options.format = words.format == "json" ? OutputFormat::json : OutputFormat::text;
  if (!words.port.empty()) {
    const auto port = parse_port(words.port);
    if (!port) return usage(port.error());
    options.port = *port;
  }
  if (!words.address.empty()) {
    const auto address = parse_ip(words.address);
    if (!address) return usage(fmt::format("--address: '{}' is not an IP address", words.address));
    options.address = *address;
  }
  options.v6only = words.v6only;
  options.files = words.files;
  options.offline = words.offline;
  options.directory = words.directory;
  if (command == Command::check && options.files.empty() && !options.port) {
    return usage("check: give a port (8080, 53/udp) or -f FILE");
  }
  if (command == Command::check && !options.files.empty() && options.port) {
    return usage("check: either a port or -f FILE, not both");
  }
  if (options.offline && options.files.empty()) return usage("--offline goes with check -f FILE");
  if (command == Command::record && options.directory.empty()) {
    return usage("record: give a directory to write");
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
  if (!serve.telemetry_path.starts_with('/')) {
    return usage(
        fmt::format("--web.telemetry-path: '{}' does not begin with /", serve.telemetry_path));
  }
  return {};
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
    line.command = Command::help;
    line.help = app.help();
    return line;
  } catch (const CLI::ParseError& error) {
    return usage(single_line(error.what()));
  }
  for (const std::string& left : take_files(app.remaining(true), words)) {
    return std::unexpected(unexpected_argument(left));
  }
  if (words.version) {
    line.command = Command::version;
    return line;
  }

  for (const Subcommand& subcommand : kSubcommands) {
    if (app.got_subcommand(subcommand.name)) line.command = subcommand.command;
  }
  const auto values = FlagValues::merge(parsed, environment);
  if (!values) return usage(values.error());
  apply_flags(*values, environment, parsed, line);
  if (line.options.from == AnswerFrom::agent && says_what_to_scan(parsed)) {
    return usage("--from=agent: the agent has its own --path, --pods, --replay and --config flags");
  }
  if (auto done = check_serve(line.serve); !done) return std::unexpected(done.error());
  if (auto done = apply_words(words, line.command, line.options); !done) {
    return std::unexpected(done.error());
  }
  if (line.command == Command::serve && line.serve.reserve_ports &&
      !line.serve.sources.node.replay.empty()) {
    return usage("--fix.reserve-ports changes this machine, --replay is not about this machine");
  }
  return line;
}

}  // namespace hostnet
