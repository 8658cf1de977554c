#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/ports/port_ranges.h"
#include "agent/verdicts/verdict.h"
#include "netlink/facts.h"

namespace hostnet {

struct ReservedPorts {
  PortRange ports;
  std::optional<Protocol> protocol;  // unset: every protocol
  std::string reason;                // "kube-apiserver"
  bool operator==(const ReservedPorts&) const = default;
};

// One matcher of an ignore rule: exact, or (written with a leading "~") a
// regular expression that must match the whole value (ECMAScript, std::regex).
struct Matcher {
  std::string
      field;  // verdict protocol port namespace pod workload container holder holder_kind unit exe
  std::string pattern;
  bool regex{};
  bool operator==(const Matcher&) const = default;
};

struct IgnoreRule {
  std::vector<Matcher> matchers;  // all must match
  std::string reason;
  bool operator==(const IgnoreRule&) const = default;
};

// --config.file: what this site considers normal. default_policy() has the defaults.
struct Policy {
  std::vector<std::string> node_components;  // executable path, its file name, or unit name
  std::vector<ReservedPorts> reserved_ports;
  PortRange node_port_range{30000, 32767};
  std::vector<IgnoreRule> ignore;
  // Ports that --report.node-labels reports when something outside Kubernetes holds them.
  std::vector<ReservedPorts> label_ports;
  std::map<Verdict, std::chrono::seconds> grace;  // absent: the verdict's own default
  bool operator==(const Policy&) const = default;
};

Policy default_policy();

}  // namespace hostnet
