#include "agent/findings/ignore.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>
#include <utility>

#include "agent/findings/context/overlap.h"
#include "agent/ports/holder_name.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 11> kFields{
    "verdict",   "protocol", "port",        "namespace", "pod", "workload",
    "container", "holder",   "holder_kind", "unit",      "exe"};

struct CompiledMatcher {
  std::string field;
  std::string exact;
  std::optional<std::regex> regex;

  bool matches(std::string_view value) const {
    if (!regex) return value == exact;
    try {
      return std::regex_match(value.begin(), value.end(), *regex);
    } catch (const std::regex_error&) {  // too complex for this value
      return false;
    }
  }
};

std::string_view pod_field(const Finding& finding, std::string_view field) {
  if (!finding.declared_by.empty()) {
    const DeclaredPort& port = finding.declared_by.front();
    if (field == "namespace") return port.namespace_;
    if (field == "pod") return port.pod;
    return field == "workload" ? port.workload : port.container;
  }
  if (finding.held_by.empty()) return "";
  const Holder& holder = finding.held_by.front();
  if (field == "namespace") return holder.namespace_;
  return field == "pod" ? std::string_view(holder.pod) : std::string_view();
}

std::string_view holder_field(const Holder& holder, std::string_view field) {
  if (field == "holder") return holder.name;
  if (field == "holder_kind") return to_string(holder.owner.kind);
  return field == "unit" ? holder.owner.unit : holder.owner.exe;
}

bool matches_former_name(const CompiledMatcher& matcher, const Holder& holder) {
  const std::string former = former_name_of(holder);
  return !former.empty() && matcher.matches(former);
}

bool matches_every_holder(const CompiledMatcher& matcher, const Finding& finding) {
  if (finding.held_by.empty()) return matcher.matches("");
  if (finding.unlisted_owners) return false;  // who they are is not known here
  const PortUse use = port_use(finding.held_by.front().socket);
  return std::ranges::all_of(finding.held_by, [&](const Holder& holder) {
    return port_use(holder.socket) != use || matcher.matches(holder_field(holder, matcher.field)) ||
           (matcher.field == "holder" && matches_former_name(matcher, holder));
  });
}

bool matches_finding(const CompiledMatcher& matcher, const Finding& finding) {
  const std::string_view field = matcher.field;
  if (field == "verdict") return matcher.matches(to_string(finding.verdict));
  if (field == "protocol") {
    return matcher.matches(finding.protocol ? to_string(*finding.protocol) : std::string_view{});
  }
  if (field == "port") {
    return matcher.matches(finding.port ? fmt::format_int(*finding.port).str() : std::string{});
  }
  if (field == "holder" || field == "holder_kind" || field == "unit" || field == "exe") {
    return matches_every_holder(matcher, finding);
  }
  return matcher.matches(pod_field(finding, field));
}

Result<CompiledMatcher> compile_matcher(const Matcher& matcher, std::size_t rule) {
  const auto malformed = [&](std::string_view what) {
    return std::unexpected(Error{
        .reason = Reason::malformed,
        .message = fmt::format("compiling ignore rule {}: {}: {}", rule + 1, matcher.field, what)});
  };
  if (!contains(kFields, matcher.field)) {
    return malformed(fmt::format("no such field (there are {})", fmt::join(kFields, ", ")));
  }
  CompiledMatcher compiled{.field = matcher.field, .exact = matcher.pattern};
  if (!matcher.regex) return compiled;
  try {
    compiled.regex.emplace(matcher.pattern,
                           std::regex::ECMAScript | std::regex::optimize | std::regex::nosubs);
  } catch (const std::regex_error&) {
    return malformed(fmt::format("\"{}\" is not a regular expression", matcher.pattern));
  }
  return compiled;
}

}  // namespace

struct IgnoreRules::Compiled {
  std::vector<CompiledMatcher> matchers;
  std::string reason;
};

IgnoreRules::IgnoreRules() = default;
IgnoreRules::~IgnoreRules() = default;
IgnoreRules::IgnoreRules(IgnoreRules&&) noexcept = default;
IgnoreRules& IgnoreRules::operator=(IgnoreRules&&) noexcept = default;

Result<IgnoreRules> IgnoreRules::compile(std::span<const IgnoreRule> rules) {
  IgnoreRules compiled;
  for (std::size_t number = 0; number < rules.size(); ++number) {
    const IgnoreRule& rule = rules[number];
    if (rule.matchers.empty()) {
      return std::unexpected(Error{
          .reason = Reason::malformed,
          .message = fmt::format("compiling ignore rule {}: it matches everything", number + 1)});
    }
    Compiled row{.reason = rule.reason};
    for (const Matcher& matcher : rule.matchers) {
      auto done = compile_matcher(matcher, number);
      if (!done) return std::unexpected(std::move(done).error());
      row.matchers.push_back(std::move(*done));
    }
    compiled.rules_.push_back(std::move(row));
  }
  return compiled;
}

const std::string* IgnoreRules::reason(const Finding& finding) const {
  for (const Compiled& rule : rules_) {
    const bool all = std::ranges::all_of(rule.matchers, [&](const CompiledMatcher& matcher) {
      return matches_finding(matcher, finding);
    });
    if (all) return &rule.reason;
  }
  return nullptr;
}

}  // namespace hostnet
