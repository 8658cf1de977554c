#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/config/policy.h"
#include "agent/findings/context/finding.h"
#include "netlink/base/error.h"

namespace hostnet {

// The `ignore` rules of a policy, their regular expressions compiled once.
// Immutable and thread safe.
class IgnoreRules {
 public:
  IgnoreRules();
  ~IgnoreRules();
  IgnoreRules(const IgnoreRules&) = delete;
  IgnoreRules& operator=(const IgnoreRules&) = delete;
  IgnoreRules(IgnoreRules&&) noexcept;
  IgnoreRules& operator=(IgnoreRules&&) noexcept;

  // Reason::malformed, naming the rule and the matcher, for an unknown field, a bad regular
  // expression, or a rule without matchers (it would hide everything).
  static Result<IgnoreRules> compile(std::span<const IgnoreRule> rules);

  // The reason of the first rule whose matchers all match; nullptr if none does. namespace, pod,
  // workload and container are those of the declaring container (of the holding pod if the port is
  // undeclared); holder, holder_kind, unit and exe must match every holder that has the port in the
  // same way as the first one.
  const std::string* reason(const Finding& finding) const;

 private:
  struct Compiled;
  std::vector<Compiled> rules_;
};

}  // namespace hostnet
