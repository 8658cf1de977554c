#include "collectors/framework/pattern.h"

#include <fmt/format.h>

#include <regex>
#include <unordered_map>

namespace hostnet {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::size_t kRemembered = 16384;

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

struct Pattern::Compiled {
  std::regex regex;
  std::unordered_map<std::string, bool, TextHash, std::equal_to<>> remembered;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view flag, std::string_view pattern) {
  if (pattern.size() > kLongest) {
    return failure(
        Reason::malformed,
        fmt::format("--collector.{}: the pattern is longer than {} bytes", flag, kLongest));
  }
  auto compiled = std::make_unique<Compiled>();
  try {
    // libstdc++'s breadth-first matcher: no exponential backtracking and no recursion per
    // character.
    compiled->regex =
        std::regex(pattern.begin(), pattern.end(),
                   std::regex_constants::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error& error) {
    return failure(Reason::malformed,
                   fmt::format("--collector.{}: \"{}\" is no regular expression: {}", flag, pattern,
                               error.what()));
  }
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  if (text.size() > kLongest) return false;
  auto& remembered = compiled_->remembered;
  if (const auto found = remembered.find(text); found != remembered.end()) return found->second;
  bool found = false;
  try {
    found = std::regex_search(text.begin(), text.end(), compiled_->regex);
  } catch (const std::regex_error&) {
    found = false;  // error_complexity and error_stack count as no match
  }
  if (remembered.size() >= kRemembered) remembered.clear();
  remembered.emplace(text, found);
  return found;
}

Result<DeviceFilter> DeviceFilter::from_options(const CollectorOptions& options,
                                                std::string_view collector) {
  const auto include = fmt::format("{}.device-include", collector);
  const auto exclude = fmt::format("{}.device-exclude", collector);
  return make(include, options.text(include), exclude, options.text(exclude));
}

Result<DeviceFilter> DeviceFilter::make(std::string_view include_flag, std::string_view include,
                                        std::string_view exclude_flag, std::string_view exclude) {
  if (!include.empty() && !exclude.empty()) {
    return failure(Reason::malformed,
                   fmt::format("--collector.{} and --collector.{} exclude each other", include_flag,
                               exclude_flag));
  }
  DeviceFilter filter;
  const bool includes = !include.empty();
  const std::string_view text = includes ? include : exclude;
  if (text.empty()) return filter;
  auto pattern = Pattern::compile(includes ? include_flag : exclude_flag, text);
  if (!pattern) return std::unexpected(std::move(pattern).error());
  (includes ? filter.include_ : filter.exclude_) = std::move(*pattern);
  return filter;
}

}  // namespace hostnet
