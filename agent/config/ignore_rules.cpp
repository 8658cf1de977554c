#include "agent/config/ignore_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/scalars.h"
#include "agent/ports/holder.h"
#include "agent/ports/holder_kinds.h"
#include "agent/verdicts/verdict.h"
#include "netlink/base/nearest.h"
#include "netlink/base/ranges.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 12> kRuleKeys{
    "verdict",   "protocol", "port", "namespace",   "pod", "workload",
    "container", "holder",   "unit", "holder_kind", "exe", "reason"};

// Names are at most 253 bytes; longer patterns would only use more stack in std::regex.
constexpr std::size_t kLongestPattern = 512;

std::string pattern_fault(const std::string& pattern) {
  if (pattern.empty()) return "the pattern is empty";
  if (pattern.size() > kLongestPattern) return "the pattern is longer than 512 bytes";
  try {
    [[maybe_unused]] const std::regex compiled(pattern,
                                               std::regex::ECMAScript | std::regex::nosubs);
  } catch (const std::regex_error& error) {
    return shown_text(pattern) + " is not a regular expression: " + error.what();
  }
  return "";
}

// "" if this exact value of the field can match at all.
std::string exact_fault(std::string_view field, const std::string& value) {
  if (field == "verdict") {
    if (parse_verdict(value)) return "";
    const std::string_view meant = nearest(value, verdict_names());
    return fmt::format("unknown verdict {}{}", shown_text(value),
                       meant.empty() ? "" : fmt::format("; did you mean {}?", meant));
  }
  if (field == "port") {
    const auto port = config_port(value);
    return port ? "" : port.error();
  }
  if (field == "protocol") {
    const auto protocol = config_protocol(value);
    return protocol ? "" : protocol.error();
  }
  if (field == "holder_kind") {
    return find_named(kHolderKinds, value) ? "" : shown_text(value) + " is no kind of holder";
  }
  return "";
}

// Unset with a complaint: it could never match.
std::optional<Matcher> read_matcher(const Fields& rule, const Member& member) {
  const std::string word = rule.word(member.key);
  if (!member.value.is_scalar()) {
    if (member.value.is_null()) rule.refuse(member.key + " is empty");
    return std::nullopt;
  }
  const bool regex = word.starts_with('~');
  Matcher matcher{.field = member.key, .pattern = regex ? word.substr(1) : word, .regex = regex};
  const auto fault =
      regex ? pattern_fault(matcher.pattern) : exact_fault(member.key, matcher.pattern);
  if (!fault.empty()) {
    rule.complain(member.value.line, fmt::format("{}: {}", rule.path_of(member.key), fault));
    return std::nullopt;
  }
  if (!regex && member.key == "protocol") {
    matcher.pattern = to_string(*config_protocol(matcher.pattern));
  }
  return matcher;
}

IgnoreRule read_rule(const Fields& map) {
  IgnoreRule rule;
  if (!map.usable()) return rule;
  map.allow_only(kRuleKeys);
  rule.reason = map.word("reason");
  for (const Member& member : map.value().members) {
    if (member.key == "reason" || !contains(kRuleKeys, member.key)) {
      continue;
    }
    if (auto matcher = read_matcher(map, member)) rule.matchers.push_back(*std::move(matcher));
  }
  if (rule.reason.empty()) map.refuse("a rule needs a reason, in words");
  if (rule.matchers.empty()) map.refuse("a rule without a matcher would ignore everything");
  return rule;
}

}  // namespace

std::span<const std::string_view> verdict_names() {
  static const auto kNames = [] {
    std::array<std::string_view, kVerdictCount> names{};
    std::ranges::transform(kVerdicts, names.begin(), &VerdictInfo::name);
    return names;
  }();
  return kNames;
}

std::vector<IgnoreRule> read_ignore_rules(const Fields& config, std::string_view key) {
  std::vector<IgnoreRule> rules;
  for (const Fields& item : config.items(key)) rules.push_back(read_rule(item));
  return rules;
}

}  // namespace hostnet
