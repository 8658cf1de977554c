#pragma once

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
    std::string origin;  // "web.yaml: document 2"
    CheckAnswer answer;
  };
  std::vector<ManifestError> errors;
  std::vector<Lint> lints;
  std::vector<Port> ports;  // empty with --offline
  bool offline{};
};

// One line per thing to say, "FILE:LINE SEVERITY CODE …", and a last line that
// counts. As JSON: {"api_version","errors","lints","ports","complete"}.
std::string render_manifest_check(OutputFormat form, const ManifestCheck& check);

// Whether the node's answer about a declared port is one to worry about.
Severity severity_of(const CheckAnswer& answer);

}  // namespace hostnet
