#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/findings/check.h"
#include "agent/lint/lint.h"
#include "agent/pods/manifest.h"
#include "agent/pods/pod.h"
#include "agent/render/output_format.h"

namespace hostnet {

// What `check -f` found.
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

// What there is to say, by severity; what could not be read is critical.
struct SeverityCounts {
  std::size_t critical{}, warning{}, info{};
};
SeverityCounts count_severities(const ManifestCheck& check);

// One line per thing to say, "FILE:LINE SEVERITY CODE …", and a last line that
// counts them by severity. As JSON: {"api_version","errors","lints","ports",…}.
std::string render_manifest_check(const Output& output, const ManifestCheck& check);

// Whether the node's answer about a declared port is one to worry about.
Severity severity_of(const CheckAnswer& answer);

}  // namespace hostnet
