#include "agent/options/subcommands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <utility>

#include "netlink/base/escape.h"
#include "netlink/base/ranges.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

constexpr std::array kSubcommands{
    Subcommand{Command::serve, "serve", "the daemon (the default)"},
    Subcommand{Command::conflicts, "conflicts", "declared host ports that something else has"},
    Subcommand{Command::risks, "risks", "declarations and listeners likely to make trouble"},
    Subcommand{Command::ports, "ports",
               "who holds and who declares each host port; all there is to say of one port"},
    Subcommand{
        Command::check, "check",
        "could a server bind this port here now? or, with -f, the ports that manifests declare"},
    Subcommand{Command::history, "history", "findings that came and went, of the running agent"},
    Subcommand{Command::watch, "watch", "refused binds and findings as they happen, a line each"},
    Subcommand{Command::fleet, "fleet",
               "conflicts and risks of every node of a cluster; where a port is free, why a pod "
               "is Pending"},
    Subcommand{Command::doctor, "doctor", "check what the agent can see and do on this node"},
    Subcommand{Command::record, "record", "write what the agent read to a directory, for --replay"},
    Subcommand{Command::healthcheck, "healthcheck", "ask the running agent's /healthz"},
    Subcommand{Command::completion, "completion",
               "print the completion script of a shell: bash, zsh or fish"},
    Subcommand{Command::version, "version", "print version, revision, compiler and libraries"},
    Subcommand{Command::help, "help", "print the help of a command"},
};

bool can_watch(Command command) {
  return command == Command::conflicts || command == Command::risks || command == Command::ports;
}

// "name" only if each row has a port.
std::span<const std::string_view> formats_of(Command command) {
  if (command == Command::version) return std::span(kFormats).first(2);
  const bool names = can_watch(command) || command == Command::check || command == Command::fleet;
  return std::span(kFormats).first(kFormats.size() - (names ? 0 : 1));
}

bool answers(Command command) {
  switch (command) {
    case Command::conflicts:
    case Command::risks:
    case Command::ports:
    case Command::check:
    case Command::history:
    case Command::watch:
    case Command::fleet:
    case Command::doctor: return true;
    default: return false;
  }
}

void add_format_options(CLI::App& sub, Command command, Words& words) {
  std::string help = fmt::format("{}", fmt::join(formats_of(command), ", "));
  if (help.contains("wide")) help += " (wide: never folded, more columns)";
  sub.add_option("-o,--output,--format", words.format, help)->option_text("FORMAT");
  sub.add_flag("--json", words.json, "as --format=json");
}

void add_output_options(CLI::App& sub, Command command, Words& words) {
  add_format_options(sub, command, words);
  sub.add_option("--width", words.width,
                 "columns to fold tables to; 0: never [the terminal's, else 0]")
      ->check(CLI::Range(std::size_t{0}, kMostWidth))
      ->option_text("N");
  sub.add_option("--color", words.color, "auto (on a terminal without $NO_COLOR), always, never")
      ->option_text("WHEN");
  if (can_watch(command)) {
    sub.add_flag("-w,--watch", words.watch, "print it again whenever it changes");
  }
}

void add_fleet_options(CLI::App& sub, Words& words) {
  sub.add_option("--kubeconfig", words.kubeconfig,
                 "kubeconfig of the cluster [$KUBECONFIG, ~/.kube/config, in a pod its account]")
      ->option_text("FILE");
  sub.add_option("--context", words.context, "context of the kubeconfig [the current one]")
      ->option_text("NAME");
  sub.add_option("-s,--server", words.server,
                 "a `kubectl proxy`, in place of a kubeconfig: http://127.0.0.1:8001")
      ->option_text("URL");
  sub.add_option("-n,--namespace", words.namespace_, "namespace of the agents [where they are]")
      ->option_text("NAMESPACE");
  sub.add_option("-l,--selector", words.selector,
                 "label of the agents' pods [app.kubernetes.io/name=hostnet-agent]")
      ->option_text("LABEL");
  sub.add_option("--prometheus", words.prometheus,
                 "answer from the series that this Prometheus has stored, and ask no agent")
      ->option_text("URL");
  sub.add_option("--port", words.port,
                 "on which nodes is this port free, and who has it on the others: 8080, 53/udp")
      ->option_text("PORT");
  sub.add_option("--pod", words.pod,
                 "why a pod is Pending for its host ports, node by node: NAMESPACE/NAME")
      ->option_text("POD");
  sub.add_option("--timeout", words.timeout, "how long to wait for one agent [10s]")
      ->option_text("DURATION");
}

void add_check_options(CLI::App& sub, Words& words) {
  sub.add_option("--address", words.address, "address a server would bind [::]")
      ->option_text("ADDRESS");
  sub.add_flag("--v6only", words.v6only, ":: without IPv4");
  // Files may also follow other flags: leftover words are files.
  words.files_option =
      sub.add_option("-f,--file", words.files, "manifest files and folders, - for standard input")
          ->option_text("FILE...")
          ->expected(0, CLI::detail::expected_max_vector_size);
  sub.add_flag("-R,--recursive", words.recursive, "with -f: folders in folders, too");
  sub.add_flag("--offline", words.offline, "with -f: lint only, do not scan this node");
}

}  // namespace

std::span<const Subcommand> all_subcommands() {
  return kSubcommands;
}

void add_subcommands(CLI::App& app, Words& words) {
  for (const auto& [command, name, help] : kSubcommands) {
    CLI::App* sub = app.add_subcommand(name, help)->fallthrough()->allow_extras();
    sub->get_option("--help")->group("Options");
    if (command == Command::ports || command == Command::check) {
      sub->add_option("PORT", words.port, "port, or port/protocol: 8080, 53/udp")->option_text(" ");
    }
    if (command == Command::check) add_check_options(*sub, words);
    if (command == Command::fleet) add_fleet_options(*sub, words);
    if (command == Command::record) {
      sub->add_option("DIR", words.directory, "directory to write; absent or empty")
          ->option_text(" ");
    }
    if (command == Command::completion) {
      sub->add_option("SHELL", words.about, "bash, zsh or fish")->option_text(" ");
    }
    if (command == Command::help) {
      sub->add_option("COMMAND", words.about, "one of the commands")->option_text(" ");
    }
    if (answers(command)) add_output_options(*sub, command, words);
    if (command == Command::version) add_format_options(*sub, command, words);
  }
}

std::vector<std::string> take_files(std::vector<std::string> left, Words& words) {
  if (words.files_option->count() == 0) return left;
  std::erase(words.files, "");  // -f without a value
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

namespace {

std::expected<void, UsageError> apply_output(const Words& words, Command command,
                                             CommandOptions& options) {
  const std::string format = words.format.empty() ? words.json ? "json" : "text" : words.format;
  const auto formats = formats_of(command);
  if (!contains(formats, format)) {
    return usage(fmt::format("--format: '{}' is not one of {}", format, fmt::join(formats, ", ")));
  }
  if (words.json && format != "json") return usage("--json: another --format is given too");
  const auto output = parse_output(format);
  options.format = output->format;
  options.style = output->style;
  if (words.width >= 0) options.width = static_cast<std::size_t>(words.width);
  options.watch = words.watch;
  if (!contains(kColors, words.color)) {
    return usage(
        fmt::format("--color: '{}' is not one of {}", words.color, fmt::join(kColors, ", ")));
  }
  options.color = words.color == "always"  ? ColorWhen::always
                  : words.color == "never" ? ColorWhen::never
                                           : ColorWhen::automatic;
  return {};
}

}  // namespace

std::expected<void, UsageError> apply_words(const Words& words, Command command,
                                            CommandOptions& options) {
  if (auto done = apply_output(words, command, options); !done) return done;
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
  options.recursive = words.recursive;
  options.directory = words.directory;
  if (command == Command::check && options.files.empty() && !options.port) {
    return usage(words.files_option->count() > 0 ? "check -f: give a file, a folder or -"
                                                 : "check: give a port (8080, 53/udp) or -f FILE");
  }
  if (command == Command::check && !options.files.empty() && options.port) {
    return usage("check: either a port or -f FILE, not both");
  }
  if (options.offline && options.files.empty()) return usage("--offline goes with check -f FILE");
  if (options.recursive && options.files.empty()) {
    return usage("--recursive goes with check -f FOLDER");
  }
  if (command == Command::record && options.directory.empty()) {
    return usage("record: give a directory to write");
  }
  return {};
}

namespace {

bool names_a_pod(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string_view::npos;
}

std::expected<void, UsageError> take_url(std::string_view flag, const std::string& text,
                                         Result<ClusterAccess> (*parse)(std::string_view),
                                         std::optional<ClusterAccess>& url) {
  if (text.empty()) return {};
  auto parsed = parse(text);
  if (!parsed) return usage(fmt::format("{}: {}", flag, terminal_text(parsed.error().message)));
  url = *std::move(parsed);
  return {};
}

}  // namespace

std::expected<void, UsageError> apply_fleet_words(const Words& words, const CommandOptions& common,
                                                  FleetOptions& options) {
  options.kubeconfig = words.kubeconfig;
  options.context = words.context;
  options.namespace_ = words.namespace_;
  if (!words.selector.empty()) options.selector = words.selector;
  options.port = common.port;
  options.pod = words.pod;
  if (!words.timeout.empty()) {
    const auto timeout = parse_duration(words.timeout);
    if (!timeout || *timeout < std::chrono::milliseconds(1)) {
      return usage(fmt::format("--timeout: '{}' is not a duration of 1ms or more, such as 10s",
                               words.timeout));
    }
    options.patience = std::chrono::duration_cast<std::chrono::milliseconds>(*timeout);
  }
  if (!options.pod.empty() && !names_a_pod(options.pod)) {
    return usage(fmt::format("--pod: '{}' is not NAMESPACE/NAME", options.pod));
  }
  if (!options.pod.empty() && options.port) return usage("fleet: either --port or --pod, not both");
  if (!options.pod.empty() && !words.prometheus.empty()) {
    return usage("--pod asks the API server and the agents; --prometheus knows no Pending pods");
  }
  if (!words.server.empty() && !words.kubeconfig.empty()) {
    return usage("fleet: either --server or --kubeconfig, not both");
  }
  if (auto good = take_url("--server", words.server, parse_proxy_url, options.server); !good) {
    return good;
  }
  return take_url("--prometheus", words.prometheus, parse_http_url, options.prometheus);
}

}  // namespace hostnet
