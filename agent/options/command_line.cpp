#include "agent/options/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "agent/http/listen.h"
#include "agent/metrics/port_collectors.h"
#include "agent/options/flags.h"
#include "collectors/registry.h"
#include "netlink/base/duration.h"
#include "netlink/base/nearest.h"
#include "netlink/base/text.h"

namespace hostnet {
namespace {

using Values = std::map<std::string, std::vector<std::string>, std::less<>>;

std::unexpected<UsageError> usage(std::string message) {
  return std::unexpected(UsageError{std::move(message)});
}

// The words of one command, as CLI11 stores them.
struct Words {
  std::string port, address, directory;
  std::vector<std::string> files;
  std::string format{"text"};
  bool v6only{}, offline{}, version{};
};

std::string single_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = take_until(text, ',');
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

bool takes_value_from(std::span<const std::string> arguments, const Flag& flag) {
  return std::ranges::any_of(arguments, [&](std::string_view argument) {
    const std::string_view name = argument.substr(0, argument.find('='));
    return name == "--" + flag.name || name == "--no-" + flag.name;
  });
}

// What the environment says, for flags that the command line does not give.
std::expected<void, UsageError> read_environment(
    std::span<const std::string> arguments,
    const std::function<const char*(const char*)>& environment, Values& values) {
  for (const Flag& flag : all_flags()) {
    const std::string variable = environment_name(flag.name);
    const char* text = environment(variable.c_str());
    if (text == nullptr || takes_value_from(arguments, flag)) continue;
    if (flag.kind == Flag::Kind::boolean) {
      const std::string_view value = text;
      const bool yes = value == "true" || value == "1";
      if (!yes && value != "false" && value != "0") {
        return usage(fmt::format("{}: '{}' is neither true nor false", variable, value));
      }
      values[flag.name] = {yes ? "true" : "false"};
    } else if (flag.kind == Flag::Kind::texts) {
      values[flag.name] = split_list(text);
    } else {
      values[flag.name] = {text};
    }
  }
  return {};
}

std::expected<void, UsageError> check_value(const Flag& flag, const std::string& value) {
  switch (flag.kind) {
    case Flag::Kind::boolean:
    case Flag::Kind::text:
    case Flag::Kind::texts: return {};
    case Flag::Kind::number: {
      const auto number = parse_number<unsigned>(value);
      if (number && *number <= 1'000'000) return {};
      return usage(fmt::format("--{}: '{}' is not a number from 0 to 1000000", flag.name, value));
    }
    case Flag::Kind::duration: {
      const auto duration = parse_duration(value);
      if (duration && *duration >= std::chrono::milliseconds(1)) return {};
      return usage(
          fmt::format("--{}: '{}' is not a duration such as 500ms, 30s, 5m", flag.name, value));
    }
    case Flag::Kind::choice: {
      if (std::ranges::find(flag.choices, value) != flag.choices.end()) return {};
      return usage(
          fmt::format("--{}: '{}' is none of {}", flag.name, value, fmt::join(flag.choices, ", ")));
    }
  }
  return {};
}

// CLI11's idea of the flags; what it parses goes into `given`.
void add_flags(CLI::App& app, Values& given) {
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
    {Command::conflicts, "conflicts", "look once and print the conflicts"},
    {Command::ports, "ports", "look once and print who holds and who declares each host port"},
    {Command::check, "check",
     "could a server bind this port here now? or, with -f, the ports that manifests declare"},
    {Command::doctor, "doctor", "check the agent's own footing"},
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
      sub->add_option("-f,--file", words.files, "manifest files, - for standard input");
      sub->add_flag("--offline", words.offline, "with -f: lint only, do not look at this node");
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

std::string text_of(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() || found->second.empty() ? "" : found->second.back();
}

// Of a flag that check_value() passed.
std::chrono::milliseconds duration_of(const Values& values, std::string_view name) {
  const auto duration = parse_duration(text_of(values, name));
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration.value());
}

std::set<std::string, std::less<>> enabled_collectors(const Values& given, const Values& all) {
  const bool defaults = text_of(all, "collector.disable-defaults") != "true";
  std::set<std::string, std::less<>> enabled;
  const auto add = [&](const auto& row) {
    const std::string said = text_of(given, fmt::format("collector.{}", row.name));
    if (said == "true" || (said.empty() && defaults && row.enabled_by_default)) {
      enabled.emplace(row.name);
    }
  };
  std::ranges::for_each(all_collectors(), add);
  std::ranges::for_each(port_collector_rows(), add);
  return enabled;
}

CollectorOptions collector_options(const Values& all) {
  Values options;
  for (const auto& [name, value] : all) {
    if (name.starts_with("collector.")) options[name.substr(10)] = value;
  }
  return CollectorOptions(std::move(options));
}

std::expected<void, UsageError> apply_words(const Words& words, CommandLine& line) {
  if (words.format != "text" && words.format != "json") {
    return usage(fmt::format("--format: '{}' is none of text, json", words.format));
  }
  line.format = words.format;
  if (!words.port.empty()) {
    const auto port = parse_port(words.port);
    if (!port) return usage(port.error());
    line.port = *port;
  }
  if (!words.address.empty()) {
    const auto address = parse_ip(words.address);
    if (!address) return usage(fmt::format("--address: '{}' is no IP address", words.address));
    line.address = *address;
  }
  line.v6only = words.v6only;
  line.files = words.files;
  line.offline = words.offline;
  line.directory = words.directory;
  if (line.command == Command::check && line.files.empty() && !line.port) {
    return usage("check: say which port (8080, 53/udp), or -f FILE");
  }
  if (line.command == Command::check && !line.files.empty() && line.port) {
    return usage("check: either a port or -f FILE, not both");
  }
  if (line.offline && line.files.empty()) return usage("--offline goes with check -f FILE");
  if (line.command == Command::record && line.directory.empty()) {
    return usage("record: say which directory to write");
  }
  return {};
}

void apply_flags(const Values& given, const Values& all, CommandLine& line) {
  const auto list = [&](std::string_view name) {
    const auto found = all.find(name);
    return found == all.end() ? std::vector<std::string>{} : found->second;
  };
  line.paths = {.procfs = text_of(all, "path.procfs"), .sysfs = text_of(all, "path.sysfs")};
  line.replay = text_of(all, "replay");
  line.listen_addresses = list("web.listen-address");
  line.telemetry_path = text_of(all, "web.telemetry-path");
  line.web_config_file = text_of(all, "web.config.file");
  line.max_requests = static_cast<unsigned>(std::stoul(text_of(all, "web.max-requests")));
  line.disable_exporter_metrics = text_of(all, "web.disable-exporter-metrics") == "true";
  line.details = text_of(all, "web.details");
  line.collectors = enabled_collectors(given, all);
  line.collector_options = collector_options(all);
  line.pods.source = text_of(all, "pods.source");
  line.pods.manifests = list("pods.manifests");
  line.pods.kubeconfig = text_of(all, "pods.kubeconfig");
  line.pods.kubelet_url = text_of(all, "pods.kubelet-url");
  line.pods.kubelet_ca_file = text_of(all, "pods.kubelet-ca-file");
  line.pods.kubelet_insecure = text_of(all, "pods.kubelet-insecure-skip-verify") == "true";
  line.pods.interval = duration_of(all, "pods.interval");
  line.pods.retry = duration_of(all, "pods.retry");
  line.pods.start_spread = duration_of(all, "pods.start-spread");
  line.pods.node_name = text_of(all, "pods.node-name");
  line.report_events = text_of(all, "report.events") == "true";
  line.report_node_condition = text_of(all, "report.node-condition") == "true";
  line.watch_interval = duration_of(all, "watch.interval");
  line.config_file = text_of(all, "config.file");
  line.reserve_ports = text_of(all, "fix.reserve-ports") == "true";
  line.restore_on_exit = text_of(all, "fix.restore-on-exit") == "true";
  line.release_after = duration_of(all, "fix.release-after");
  line.state_folder = text_of(all, "fix.state-folder");
  line.log_level = text_of(all, "log.level");
  line.log_format = text_of(all, "log.format");
}

}  // namespace

std::expected<CommandLine, UsageError> parse_command_line(
    std::span<const std::string> arguments,
    const std::function<const char*(const char*)>& environment) {
  Values given;
  Words words;
  CLI::App app("Says which declared host ports of this Kubernetes node something else holds.",
               "hostnet-agent");
  app.allow_extras();
  app.require_subcommand(0, 1);
  app.add_flag("--version", words.version, "print the version");
  Values parsed;
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
  if (const auto left = app.remaining(true); !left.empty()) {
    return std::unexpected(unexpected_argument(left.front()));
  }
  if (words.version) {
    line.command = Command::version;
    return line;
  }

  if (auto done = read_environment(arguments, environment, given); !done) {
    return std::unexpected(std::move(done).error());
  }
  for (auto& [name, value] : parsed) {
    if (!value.empty()) given[name] = std::move(value);
  }
  Values all = given;
  for (const Flag& flag : all_flags()) {
    if (!all.contains(flag.name)) all[flag.name] = split_list(flag.default_value);
    if (flag.kind == Flag::Kind::text && !given.contains(flag.name)) {
      all[flag.name] = {flag.default_value};
    }
    for (const std::string& value : all[flag.name]) {
      if (auto valid = check_value(flag, value); !valid) {
        return std::unexpected(std::move(valid).error());
      }
    }
  }

  for (const Subcommand& subcommand : kSubcommands) {
    if (app.got_subcommand(subcommand.name)) line.command = subcommand.command;
  }
  apply_flags(given, all, line);
  line.pods.one_shot = line.command != Command::serve;
  if (line.pods.node_name.empty()) {
    const char* name = environment("NODE_NAME");
    line.pods.node_name = name == nullptr ? "" : name;
  }
  for (const std::string& text : line.listen_addresses) {
    if (auto address = parse_listen_address(text); !address) return usage(address.error().message);
  }
  if (!line.telemetry_path.starts_with('/')) {
    return usage(
        fmt::format("--web.telemetry-path: '{}' does not begin with /", line.telemetry_path));
  }
  if (auto done = apply_words(words, line); !done) return std::unexpected(done.error());
  if (line.command == Command::serve && line.reserve_ports && !line.replay.empty()) {
    return usage("--fix.reserve-ports changes this machine, --replay is not about this machine");
  }
  return line;
}

std::expected<PortAndProtocol, std::string> parse_port(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view digits = text.substr(0, slash);
  const auto port = parse_number<std::uint16_t>(digits);
  if (!port || *port == 0) {
    return std::unexpected(fmt::format("'{}' is not a port from 1 to 65535", digits));
  }
  PortAndProtocol result{.port = *port, .protocol = std::nullopt};
  if (slash == std::string_view::npos) return result;
  const std::string_view protocol = text.substr(slash + 1);
  for (const Protocol known : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
    if (protocol == to_string(known)) {
      result.protocol = known;
      return result;
    }
  }
  return std::unexpected(fmt::format("'{}' is none of tcp, udp, sctp", protocol));
}

}  // namespace hostnet
