#include "agent/options/flag_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "netlink/base/ranges.h"
#include "netlink/base/text.h"
#include "netlink/base/times.h"

namespace hostnet {
namespace {

using Checked = std::expected<void, std::string>;

constexpr int kMostOfNumbers = 1'000'000;

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::string_view part = take_until(text, ',');
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

// Reads the environment for flags that are not on the command line.
Checked read_environment(const FlagValues::Environment& environment, FlagValues::Texts& values) {
  for (const Flag& flag : all_flags()) {
    const std::string variable = environment_name(flag.name);
    const char* text = environment(variable.c_str());
    if (text == nullptr || values.contains(flag.name)) continue;
    if (flag.kind == Flag::Kind::boolean) {
      const std::string_view value = text;
      const bool yes = value == "true" || value == "1";
      if (!yes && value != "false" && value != "0") {
        return std::unexpected(fmt::format("{}: '{}' is neither true nor false", variable, value));
      }
      values[flag.name] = {yes ? "true" : "false"};
    } else if (flag.kind == Flag::Kind::texts) {
      values[flag.name] = split_list(text);
    } else {
      values[flag.name] = {text};
    }
  }
  return {};
}

bool is_valid(const Flag& flag, const std::string& value) {
  switch (flag.kind) {
    case Flag::Kind::boolean:
    case Flag::Kind::text:
    case Flag::Kind::texts: return true;
    case Flag::Kind::number: {
      const auto number = parse_number<int>(value);
      return number && *number >= 0 && *number <= kMostOfNumbers;
    }
    case Flag::Kind::duration: return parse_duration(value).has_value();
    case Flag::Kind::period: {
      const auto period = parse_duration(value);
      return period && *period >= std::chrono::milliseconds(1);
    }
    case Flag::Kind::choice: return contains(flag.choices, value);
  }
  return false;
}

std::string expected_of(const Flag& flag) {
  switch (flag.kind) {
    case Flag::Kind::number: return fmt::format("a number from 0 to {}", kMostOfNumbers);
    case Flag::Kind::duration: return "a duration such as 0s, 500ms, 30s, 1h30m";
    case Flag::Kind::period: return "a duration of 1ms or more, such as 500ms, 30s, 1h30m";
    case Flag::Kind::choice: return fmt::format("one of {}", fmt::join(flag.choices, ", "));
    default: return "valid";
  }
}

}  // namespace

std::expected<FlagValues, std::string> FlagValues::merge(const Texts& parsed,
                                                         const Environment& environment) {
  FlagValues values;
  for (const auto& [name, texts] : parsed) {
    if (!texts.empty()) values.given_[name] = texts;
  }
  if (auto done = read_environment(environment, values.given_); !done) {
    return std::unexpected(std::move(done).error());
  }
  values.all_ = values.given_;
  for (const Flag& flag : all_flags()) {
    if (!values.all_.contains(flag.name)) {
      values.all_[flag.name] = flag.kind == Flag::Kind::texts
                                   ? split_list(flag.default_value)
                                   : std::vector<std::string>{flag.default_value};
    }
    for (const std::string& value : values.all_[flag.name]) {
      if (is_valid(flag, value)) continue;
      return std::unexpected(
          fmt::format("--{}: '{}' is not {}", flag.name, value, expected_of(flag)));
    }
  }
  return values;
}

std::string FlagValues::text(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() || found->second.empty() ? "" : found->second.back();
}

std::vector<std::string> FlagValues::texts(std::string_view name) const {
  const auto found = all_.find(name);
  return found == all_.end() ? std::vector<std::string>{} : found->second;
}

int FlagValues::number(std::string_view name) const {
  return parse_number<int>(text(name)).value_or(0);
}

std::chrono::milliseconds FlagValues::duration(std::string_view name) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      parse_duration(text(name)).value_or(std::chrono::nanoseconds{}));
}

}  // namespace hostnet
