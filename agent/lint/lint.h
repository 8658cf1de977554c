#pragma once

// Mistakes and risks in manifests, found before they reach a node: `check -f`.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/pods/manifest.h"
#include "agent/verdicts/verdict.h"

namespace hostnet {

// One lint; catalogue.h lists every code.
struct Lint {
  std::string code;
  Severity severity{};
  std::string file;
  int document{};
  unsigned line{};
  std::string namespace_, pod, workload, container;  // "" where it is about the pod
  std::optional<Protocol> protocol;
  std::optional<std::uint16_t> port;
  std::string message;  // one sentence
  std::string remedy;   // one sentence or command
  bool operator==(const Lint&) const = default;
};

// Lints all input of one `check -f`, fragments too: a Namespace in one file applies to pods in
// another. Ordered like the input and its lines. `ranges` are the node's, or the kernel's defaults
// when offline. Pure.
std::vector<Lint> lint_manifests(std::span<const ManifestResult> input, const Policy& policy,
                                 const PortRanges& ranges);

}  // namespace hostnet
