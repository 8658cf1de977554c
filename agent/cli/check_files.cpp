#include "agent/cli/check_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <iterator>

#include "agent/config/load_policy.h"
#include "agent/lint/lint.h"
#include "agent/log/log.h"
#include "agent/pods/manifest_files.h"
#include "agent/ports/port_ranges.h"
#include "agent/render/manifest_check.h"
#include "agent/watch/scan.h"

namespace hostnet {
namespace {

int could_not_check(const Error& error) {
  log::complain(error.message);
  return 2;
}

ManifestResult read_input(const std::string& name) {
  if (name != "-") return read_manifest_file(name);
  std::string text;
  // A little more than is read, so that the reader can refuse it.
  std::array<char, 65536> buffer{};
  while (text.size() <= kMaxManifestBytes && std::cin.good()) {
    std::cin.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(std::cin.gcount()));
  }
  return read_manifests(text, "standard input");
}

// A path may be a folder, as for --pods.manifests.
std::vector<ManifestResult> read_inputs(const std::vector<std::string>& names) {
  std::vector<ManifestResult> read;
  for (const std::string& name : names) {
    const auto files = name == "-" ? std::vector{name} : manifest_files(name);
    if (!files) {
      ManifestResult failed;
      failed.errors.push_back(
          {.file = name, .document = 0, .line = 0, .message = files.error().message});
      read.push_back(std::move(failed));
      continue;
    }
    std::ranges::transform(*files, std::back_inserter(read), read_input);
    // As kubectl has it: what should have been piped in did not come.
    if (files->size() == 1 && read.back().documents == 0 && read.back().errors.empty()) {
      read.back().errors.push_back({.file = name,
                                    .document = 0,
                                    .line = 0,
                                    .message = "there is no Kubernetes object in it"});
    }
  }
  return read;
}

// Asks the node about every declared port of the manifests.
Result<std::vector<ManifestCheck::Port>> ask_node(const CommandOptions& options,
                                                  const Policy& policy,
                                                  std::span<const ManifestResult> read) {
  auto node = open_node(options.sources.node);
  if (!node) return std::unexpected(node.error());
  const std::string name = node_name_of(options.sources.pods.node_name, *node);
  const auto pods = pods_now(options.sources, name, node->clock->wall());
  if (!pods) return std::unexpected(pods.error());
  const NodeContext node_context =
      read_node_context(std::make_shared<const Node>(*std::move(node)), name);

  std::vector<ManifestCheck::Port> ports;
  std::vector<CheckQuery> queries;
  for (const ManifestResult& result : read) {
    for (const Pod& pod : result.pods()) {
      for (DeclaredPort& declared : declared_ports(pod)) {
        queries.push_back({.protocol = declared.protocol,
                           .port = declared.port,
                           .address = declared.address,
                           .v6only = false});
        ports.push_back({.declared = std::move(declared), .origin = pod.origin, .answer = {}});
      }
    }
  }
  const auto answers = check_once(node_context, **pods, policy, queries);
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i].answer = answers[i];
  return ports;
}

int exit_code_of(const ManifestCheck& check) {
  const auto alarming = [](Severity severity) { return severity != Severity::info; };
  const bool trouble =
      std::ranges::any_of(check.errors, [](const ManifestError& e) { return e.document > 0; }) ||
      std::ranges::any_of(check.lints, alarming, &Lint::severity) ||
      std::ranges::any_of(check.ports, [&](const ManifestCheck::Port& port) {
        return alarming(severity_of(port.answer));
      });
  if (trouble) return 1;
  const bool unknown = std::ranges::any_of(check.ports, [](const ManifestCheck::Port& port) {
    return port.answer.verdict == CheckVerdict::unknown;
  });
  return !check.errors.empty() || unknown ? 2 : 0;
}

}  // namespace

int check_files(const CommandOptions& options) {
  const auto policy = load_policy(options.sources.config_file);
  if (!policy) return could_not_check(policy.error());
  const std::vector<ManifestResult> read = read_inputs(options.files);

  ManifestCheck check;
  check.offline = options.offline;
  PortRanges ranges;
  if (!options.offline) {
    auto ports = ask_node(options, *policy, read);
    if (!ports) return could_not_check(ports.error());
    check.ports = *std::move(ports);
    if (const auto node = open_node(options.sources.node)) {
      std::vector<Problem> kernels_defaults;  // hold where the node's cannot be read
      ranges = read_port_ranges(*node->files, kernels_defaults);
    }
  }
  for (const ManifestResult& result : read) {
    std::ranges::copy(result.errors, std::back_inserter(check.errors));
  }
  check.lints = lint_manifests(read, *policy, ranges);
  return print_answer(render_manifest_check(options.format, check), exit_code_of(check));
}

}  // namespace hostnet
