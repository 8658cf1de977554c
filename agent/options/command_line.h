#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pods/sources/pod_source_settings.h"
#include "collectors/framework/collector.h"
#include "netlink/facts.h"
#include "netlink/node/node.h"

namespace hostnet {

enum class Command { serve, conflicts, ports, check, doctor, record, healthcheck, help, version };

struct PortAndProtocol {
  std::uint16_t port{};
  std::optional<Protocol> protocol;  // unset: tcp and udp
  bool operator==(const PortAndProtocol&) const = default;
};

// What the command line and the environment ask for, checked. The flags'
// defaults and help are in all_flags().
struct CommandLine {
  Command command{Command::serve};
  std::string help;  // the text to print, for Command::help

  NodePaths paths;
  std::string replay;  // directory of a recording; "" live

  std::vector<std::string> listen_addresses;
  std::string telemetry_path;
  std::string web_config_file;
  unsigned max_requests{};
  bool disable_exporter_metrics{};
  std::string details;  // loopback, all, none

  std::set<std::string, std::less<>> collectors;  // the ones that are on
  CollectorOptions collector_options;

  PodSourceSettings pods;
  bool report_events{}, report_node_condition{};
  bool reserve_ports{}, restore_on_exit{};
  std::chrono::milliseconds watch_interval{};
  std::string config_file;
  std::chrono::milliseconds release_after{};
  std::string state_folder;
  std::string log_level, log_format;

  // Of one command or a few.
  std::string format{"text"};           // text, json: all but serve and healthcheck
  std::optional<PortAndProtocol> port;  // ports, check
  std::optional<IpAddress> address;     // check
  std::vector<std::string> files;       // check -f
  bool v6only{}, offline{};             // check, check -f
  std::string directory;                // record
};

// One line for stderr that names the flag or variable and the nearest valid
// one; the program then exits with kUsageExit.
struct UsageError {
  std::string message;
};
inline constexpr int kUsageExit = 64;  // EX_USAGE of sysexits.h

// `arguments` without the program's name. `environment` is getenv(3) or a
// test's own.
std::expected<CommandLine, UsageError> parse_command_line(
    std::span<const std::string> arguments,
    const std::function<const char*(const char*)>& environment);

// "8080", "8080/tcp"; the error says what is wrong with it.
std::expected<PortAndProtocol, std::string> parse_port(std::string_view text);

}  // namespace hostnet
