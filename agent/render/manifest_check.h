#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/lint/lint.h"
#include "agent/pods/manifest.h"
#include "agent/pods/pod.h"
#include "agent/render/table/text_style.h"

namespace hostnet {

// The result of `check -f`.
struct ManifestCheck {
  struct Port {
    DeclaredPort declared;
    std::string file;
    int document{};
    unsigned line{};
    std::optional<CheckAnswer> answer;  // unset with --offline
  };
  std::vector<ManifestError> errors;
  std::vector<Lint> lints;
  std::vector<Port> ports;  // that the manifests declare
  bool offline{};
};

// The number of messages by severity; an unreadable manifest is critical.
struct SeverityCounts {
  std::size_t critical{}, warning{}, info{};
};
SeverityCounts count_severities(const ManifestCheck& check);

// One line per message, and a last one that counts them by severity.
std::string manifest_check_text(const ManifestCheck& check, const TextStyle& style);

// What to do about a port that is not free.
std::string remedy_of(const ManifestCheck::Port& port);

// How serious the node's answer about a declared port is.
Severity severity_of(const CheckAnswer& answer);

}  // namespace hostnet
