#include "agent/config/ignore_rules.h"

#include <algorithm>
#include <array>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/scalars.h"
#include "agent/ports/holder.h"

namespace hostnet {
namespace {

constexpr std::array<std::string_view, 12> kRuleKeys{
    "verdict",   "protocol", "port", "namespace",   "pod", "workload",
    "container", "holder",   "unit", "holder_kind", "exe", "reason"};

// Names are at most 253 bytes; a longer pattern only costs stack in std::regex.
constexpr std::size_t kLongestPattern = 512;

std::string pattern_fault(const std::string& pattern) {
  if (pattern.empty()) return "the pattern is empty";
  if (pattern.size() > kLongestPattern) return "the pattern is longer than 512 bytes";
  try {
    [[maybe_unused]] const std::regex compiled(pattern,
                                               std::regex::ECMAScript | std::regex::nosubs);
  } catch (const std::regex_error& error) {
    return quoted(pattern) + " is not a regular expression: " + error.what();
  }
  return "";
}

// "" when an exact value of this field can ever match.
std::string exact_fault(std::string_view field, const std::string& value) {
  if (field == "port") {
    const auto port = config_port(value);
    return port ? "" : port.error();
  }
  if (field == "protocol") {
    const auto protocol = config_protocol(value);
    return protocol ? "" : protocol.error();
  }
  if (field == "holder_kind") {
    constexpr std::array kKinds{HolderKind::node_component,
                                HolderKind::pod,
                                HolderKind::unmanaged_container,
                                HolderKind::unmanaged_process,
                                HolderKind::kernel,
                                HolderKind::nat_rule,
                                HolderKind::unknown};
    const bool known =
        std::ranges::any_of(kKinds, [&](HolderKind kind) { return to_string(kind) == value; });
    return known ? "" : quoted(value) + " is no kind of holder";
  }
  return "";
}

Result<Matcher> read_matcher(const ConfigPlace& place, std::string_view field, const Value& value) {
  if (!value.is_scalar()) {
    return place.wrong(value, std::string(field) + " must be one word, and this is " + said(value));
  }
  const bool regex = value.text.starts_with('~');
  Matcher matcher{.field = std::string(field),
                  .pattern = regex ? value.text.substr(1) : value.text,
                  .regex = regex};
  if (!regex && field == "verdict") {
    if (auto verdict = place.verdict(value.text, value.line); !verdict) return forward(verdict);
  }
  const auto fault = regex ? pattern_fault(matcher.pattern) : exact_fault(field, matcher.pattern);
  if (!fault.empty()) return place.wrong(value, fault);
  if (!regex && field == "protocol") matcher.pattern = to_string(*config_protocol(value.text));
  return matcher;
}

Result<IgnoreRule> read_rule(const ConfigPlace& place, const Value& map) {
  IgnoreRule rule;
  if (!map.is_map()) return place.wrong(map, "must be a list of rules, and this is " + said(map));
  for (const auto& [key, line, value] : map.members) {
    if (auto known = place.known_key(key, line, kRuleKeys); !known) return forward(known);
    if (key == "reason") {
      if (value.is_scalar()) rule.reason = value.text;
      continue;
    }
    auto matcher = read_matcher(place, key, value);
    if (!matcher) return forward(matcher);
    rule.matchers.push_back(*std::move(matcher));
  }
  if (rule.reason.empty()) return place.wrong(map, "a rule needs a reason, in words");
  if (rule.matchers.empty()) {
    return place.wrong(map, "a rule without a matcher would ignore everything");
  }
  return rule;
}

}  // namespace

Result<std::vector<IgnoreRule>> read_ignore_rules(const ConfigPlace& place, const Value& list) {
  if (!list.is_list()) return place.wrong(list, "must be a list of rules");
  std::vector<IgnoreRule> rules;
  for (const auto& item : list.items) {
    auto rule = read_rule(place, item);
    if (!rule) return forward(rule);
    rules.push_back(*std::move(rule));
  }
  return rules;
}

}  // namespace hostnet
