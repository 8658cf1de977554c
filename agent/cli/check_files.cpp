#include "agent/cli/check_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>

#include "agent/cli/terminal.h"
#include "agent/config/load_policy.h"
#include "agent/lint/lint.h"
#include "agent/log/log.h"
#include "agent/pods/manifest_files.h"
#include "agent/ports/port_ranges.h"
#include "agent/render/json/check_json.h"
#include "agent/render/manifest_check.h"
#include "agent/watch/scan.h"

namespace hostnet {
namespace {

ManifestResult read_input(const std::string& name) {
  if (name != "-") return read_manifest_file(name);
  std::string text;
  // Reads slightly beyond the limit, so that the reader can refuse it.
  std::array<char, 65536> buffer{};
  while (text.size() <= kMaxManifestBytes && std::cin.good()) {
    std::cin.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(std::cin.gcount()));
  }
  return read_manifests(text, "standard input");
}

ManifestResult unreadable_input(const std::string& name, const Error& error) {
  const bool url = name.starts_with("http://") || name.starts_with("https://");
  ManifestResult failed;
  failed.errors.push_back(
      {.file = name,
       .message = url ? "a URL is not fetched: curl -fsSL URL | hostnet-agent check -f -"
                      : error.message});
  return failed;
}

// A path may be a folder, as for --pods.manifests.
std::vector<ManifestResult> read_inputs(const std::vector<std::string>& names,
                                        Subfolders subfolders) {
  std::vector<ManifestResult> read;
  for (const std::string& name : names) {
    const auto files = name == "-" ? std::vector{name} : manifest_files(name, subfolders);
    if (!files) {
      read.push_back(unreadable_input(name, files.error()));
      continue;
    }
    const bool folder = files->size() != 1 || files->front() != name;
    std::ranges::transform(*files, std::back_inserter(read),
                           folder ? read_file_of_folder : read_input);
    // As kubectl does: the input that should have been piped in is missing.
    if (files->size() == 1 && read.back().documents == 0 && read.back().errors.empty()) {
      read.back().errors.push_back(
          {.file = name, .message = "there is no Kubernetes object in it"});
    }
  }
  return read;
}

unsigned line_of(const ManifestObject& object, const DeclaredPort& declared) {
  for (std::size_t i = 0; i < object.pod.containers.size(); ++i) {
    const Container& container = object.pod.containers[i];
    if (container.name != declared.container) continue;
    for (std::size_t k = 0; k < container.ports.size(); ++k) {
      const ContainerPort& port = container.ports[k];
      const bool same = port.container_port == declared.container_port &&
                        port.protocol == declared.protocol &&
                        (port.host_ip.empty() || port.host_ip == declared.host_ip) &&
                        (port.host_port == declared.port || port.host_port == 0);
      if (same) return object.notes.containers[i].port_lines[k];
    }
  }
  return object.notes.line;
}

std::vector<ManifestCheck::Port> declared_in(std::span<const ManifestResult> read) {
  std::vector<ManifestCheck::Port> ports;
  for (const ManifestResult& result : read) {
    for (const ManifestObject& object : result.objects) {
      if (!object.is_counted()) continue;
      for (DeclaredPort& declared : declared_ports(object.pod)) {
        const unsigned line = line_of(object, declared);
        ports.push_back({.declared = std::move(declared),
                         .file = object.file,
                         .document = object.document,
                         .line = line,
                         .answer = {}});
      }
    }
  }
  return ports;
}

// Checks each of the ports on this node.
Result<> ask_node(const CommandOptions& options, const Policy& policy,
                  std::vector<ManifestCheck::Port>& ports) {
  auto node = open_node(options.sources.node);
  if (!node) return std::unexpected(node.error());
  const ScanSources sources = on_this_node(options.sources);
  const std::string name = node_name_of(sources.pods.node_name, *node);
  const auto pods = pods_now(sources, name, node->clock->wall());
  if (!pods) return std::unexpected(pods.error());
  const NodeContext node_context =
      read_node_context(std::make_shared<const Node>(*std::move(node)), name);

  std::vector<CheckQuery> queries;
  queries.reserve(ports.size());
  for (const ManifestCheck::Port& port : ports) {
    queries.push_back({.protocol = port.declared.protocol,
                       .port = port.declared.port,
                       .address = port.declared.address,
                       .v6only = false,
                       .forwarded = port.declared.mode == PortMode::host_port});
  }
  auto answers = check_once(node_context, *pods, policy, queries);
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i].answer = std::move(answers[i]);
  return {};
}

// With --format=name stdout does not show what could not be read.
void complain_of_errors(const ManifestCheck& check) {
  for (const ManifestError& error : check.errors) {
    const std::string line = error.line == 0 ? "" : fmt::format(":{}", error.line);
    log::complain(fmt::format("{}{}: {}", error.file, line, error.message));
  }
}

int exit_code_of(const ManifestCheck& check) {
  if (!check.errors.empty()) return 2;
  const SeverityCounts counts = count_severities(check);
  if (counts.critical + counts.warning > 0) return 1;
  const bool unknown = std::ranges::any_of(check.ports, [](const ManifestCheck::Port& port) {
    return port.answer && port.answer->verdict == CheckVerdict::unknown;
  });
  return unknown ? 2 : 0;
}

}  // namespace

int check_files(const CommandOptions& options) {
  const auto policy = load_policy(options.sources.config_file);
  if (!policy) return could_not(policy.error());
  const std::vector<ManifestResult> read =
      read_inputs(options.files, options.recursive ? Subfolders::yes : Subfolders::no);

  ManifestCheck check;
  check.offline = options.offline;
  check.ports = declared_in(read);
  PortRanges ranges;
  if (!options.offline) {
    if (auto asked = ask_node(options, *policy, check.ports); !asked) {
      return could_not(asked.error());
    }
    if (const auto node = open_node(options.sources.node)) {
      std::vector<Problem> kernels_defaults;  // apply if the node's cannot be read
      ranges = read_port_ranges(*node->files, kernels_defaults);
    }
  }
  for (const ManifestResult& result : read) {
    std::ranges::copy(result.errors, std::back_inserter(check.errors));
    std::ranges::copy(result.refused, std::back_inserter(check.errors));
  }
  check.lints = lint_manifests(read, *policy, ranges);
  if (options.style.names) complain_of_errors(check);
  return print_answer(options.format == OutputFormat::json
                          ? manifest_check_json(check)
                          : manifest_check_text(check, style_of(options)),
                      exit_code_of(check));
}

}  // namespace hostnet
